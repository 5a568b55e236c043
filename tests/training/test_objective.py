"""What π_old is: the sampler's log-probabilities, or for a clip the trainer's own."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rftlab.rollouts import Sampling
from rftlab.rollouts.transformers_engine import TransformersEngine
from rftlab.training.learner import objective
from rftlab.training.passes import Passes
from rftlab.training.update import update
from training import END, PAD, policy

KL = {"coefficient": 0.0, "estimator": "k3"}


def updated(ratio: str, low: float = -1.0) -> tuple[dict[str, torch.Tensor], dict[str, float]]:
    """Gradients of one update on rollouts that a copy of the policy in bfloat16 has sampled, and its metrics.

    Every second rollout has the advantage 1, the others ``low``.
    """
    model = policy()
    engine = TransformersEngine(model, end_tokens=[END], pad_token=PAD, dtype=torch.bfloat16)
    rollouts = engine.generate([[5, 6, 7]] * 12, Sampling(12), list(range(12)))
    advantages, weights = np.where(np.arange(12) % 2, 1.0, low), np.full(12, 1 / 144)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    made = objective({"ratio": {"name": ratio}, "kl": KL}, None)
    row = update(model, optimizer, rollouts, advantages, weights, made, Passes(PAD, 1.0, 4096), max_gradient_norm=1e9)
    return {name: p.grad for name, p in model.named_parameters() if p.grad is not None}, row


@pytest.mark.parametrize("ratio", ["clip", "dual_clip", "gspo"])
def test_a_clip_silences_nothing_for_the_samplers_rounding(ratio: str) -> None:
    """With the sampler's own π_old, a clip of 3e-4 would drop most rollouts that were sampled in bfloat16."""
    plain, row = updated("none")
    clipped, clipped_row = updated(ratio)
    assert row["mismatch_trained_max"] > 1e-3
    assert (clipped_row["clipped_tokens"], clipped_row["clipped_rollouts"]) == (0.0, 0.0)
    assert "clipped_tokens" not in row
    for name, gradient in plain.items():
        torch.testing.assert_close(clipped[name], gradient, rtol=1e-4, atol=1e-7)


def test_weights_for_the_samplers_difference_compare_with_the_sampler() -> None:
    plain, _ = updated("none")
    weighted, row = updated("truncated")
    assert any(not torch.equal(weighted[name], plain[name]) for name in plain)
    assert row["clipped_rollouts"] == 0.0


def test_a_leash_is_of_rollouts_without_an_advantage_too() -> None:
    assert updated("none", low=0.0)[1]["trained_rollouts"] == 6
    leashed, row = updated("dro", low=0.0)
    assert row["trained_rollouts"] == 12
    plain, _ = updated("none", low=0.0)
    assert any(not torch.equal(leashed[name], plain[name]) for name in plain)
