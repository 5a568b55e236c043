"""What a ratio leaves without a gradient, by hand."""

from __future__ import annotations

import torch

from rftlab.levels import load
from rftlab.training.clipping import Clipping

MASK = torch.tensor([[True, True, True], [True, True, False], [True, False, False]])
OLD = torch.zeros(3, 3)
MOVED = torch.tensor([[0.5, 0.1, -0.5], [0.5, 0.6, 9.0], [0.9, 9.0, 9.0]])  # log ρ


def found(ratio: str, advantages: list[float]) -> dict[str, float]:
    logprobs = (OLD + MOVED).requires_grad_()
    advantages_N = torch.tensor(advantages)
    clipping = Clipping()
    loss = load("objectives.ratio", ratio)(logprobs, OLD, MASK, advantages_N)
    clipping.add(loss, logprobs, MASK, advantages_N)
    (loss * MASK).sum().backward()  # the graph is still there
    return clipping.metrics


def test_tokens_beyond_the_clip_and_rollouts_with_no_other() -> None:
    """log 1.2 is 0.18: of the first rollout one token of three, of the second both; the third has no advantage."""
    assert found("clip", [1.0, 1.0, 0.0]) == {"clipped_tokens": 3 / 5, "clipped_rollouts": 1 / 2}


def test_a_token_that_moved_the_wrong_way_is_not_silenced() -> None:
    assert found("clip", [-1.0, -1.0, -1.0]) == {"clipped_tokens": 1 / 6, "clipped_rollouts": 0.0}


def test_a_weight_that_is_only_bounded_silences_nothing() -> None:
    assert found("cispo", [1.0, 1.0, 1.0]) == {"clipped_tokens": 0.0, "clipped_rollouts": 0.0}


def test_of_no_rollouts_nothing_is_said() -> None:
    assert Clipping().metrics == {}
