"""What planning knows of vLLM's limits without importing it."""

from __future__ import annotations

from typing import Any

import pytest

from rftlab.rollouts.limits import CPU_HEAD_DIMS, head_dim, refused_heads


@pytest.mark.parametrize(
    ("config", "size"),
    [
        ({"head_dim": 24}, 24),
        ({"head_dim": 128, "hidden_size": 64, "num_attention_heads": 4}, 128),
        ({"hidden_size": 64, "num_attention_heads": 4}, 16),
        ({"head_dim": None, "hidden_size": 576, "num_attention_heads": 9}, 64),
        ({"head_dim": 0, "hidden_size": 576, "num_attention_heads": 9}, 64),
        ({"hidden_size": 64}, None),
        ({"num_attention_heads": 4}, None),
        ({"hidden_size": 64, "num_attention_heads": 0}, None),
        ({"hidden_size": 64, "num_attention_heads": [4, 8]}, None),
        ({}, None),
    ],
    ids=str,
)
def test_the_width_of_a_head(config: dict[str, Any], size: int | None) -> None:
    assert head_dim(config) == size


def test_a_refusal_lists_what_would_be_possible() -> None:
    assert refused_heads(24) == (
        "heads of 24 crash vLLM on a CPU, which takes 32, 64, 80, 96, 112, 128, 160, 192, 224, 256, 512"
    )
    assert 24 not in CPU_HEAD_DIMS
