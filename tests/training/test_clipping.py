"""What a ratio's bounds hold back, by hand."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import torch

from rftlab.levels import load, names
from rftlab.training.clipping import Clipping

MASK = torch.tensor([[True, True, True], [True, True, False], [True, False, False]])
MOVED = torch.tensor([[0.5, 0.1, -0.5], [0.5, 0.6, 9.0], [0.9, 9.0, 9.0]])  # log ρ
CERTAIN = torch.zeros(3, 3)  # log-probabilities of the trained policy


def found(ratio: str, advantages: list[float], moved: torch.Tensor = MOVED, **parameters: Any) -> dict[str, float]:
    clipping, level = Clipping(), partial(load("objectives.ratio", ratio), **parameters)
    clipping.add(level, CERTAIN, CERTAIN - moved, MASK, torch.tensor(advantages))
    return clipping.metrics


def test_tokens_beyond_the_clip_and_rollouts_with_no_other() -> None:
    """log 1.2 is 0.18: of the first rollout one token of three, of the second both; the third has no advantage."""
    assert found("clip", [1.0, 1.0, 0.0]) == {"clipped_tokens": 3 / 5, "clipped_rollouts": 1 / 2}


def test_a_token_that_moved_the_wrong_way_is_not_held_back() -> None:
    assert found("clip", [-1.0, -1.0, -1.0]) == {"clipped_tokens": 1 / 6, "clipped_rollouts": 0.0}


def test_the_second_bound_of_failures() -> None:
    """log 1.5 is 0.41: with A < 0 all tokens but the one that moved by 0.1, one of them below 1 − ε."""
    assert found("dual_clip", [-1.0, -1.0, -1.0], c=1.5) == {"clipped_tokens": 5 / 6, "clipped_rollouts": 2 / 3}


@pytest.mark.parametrize("ratio", ["cispo", "truncated"])
def test_a_weight_at_its_cap_is_held_back_in_either_direction(ratio: str) -> None:
    """log 1.6 is 0.47: the first of the first rollout, both of the second, the only one of the third."""
    for sign in (1.0, -1.0):
        assert found(ratio, [sign] * 3, cap=1.6) == {"clipped_tokens": 4 / 6, "clipped_rollouts": 2 / 3}
    assert found(ratio, [1.0] * 3, cap=3.0) == {"clipped_tokens": 0.0, "clipped_rollouts": 0.0}


@pytest.mark.parametrize(("ratio", "parameters"), [("truncated", {"sequence": True, "cap": 1.6}), ("gspo", {})])
def test_a_ratio_of_responses_is_held_back_for_all_its_tokens(ratio: str, parameters: dict[str, Any]) -> None:
    """log ρ of the responses: 0.1 (mean 0.03), 1.1 (mean 0.55), 0.9."""
    held = 3 / 6 if ratio == "truncated" else 6 / 6
    rollouts = 2 / 3 if ratio == "truncated" else 3 / 3
    assert found(ratio, [1.0] * 3, **parameters) == {"clipped_tokens": held, "clipped_rollouts": rollouts}


BOUNDLESS = {"none", "dro"}


@pytest.mark.parametrize("ratio", sorted({*names("objectives.ratio")} - BOUNDLESS))
def test_at_a_ratio_of_one_nothing_is_held_back(ratio: str) -> None:
    assert found(ratio, [1.0, -1.0, 1.0], torch.zeros(3, 3)) == {"clipped_tokens": 0.0, "clipped_rollouts": 0.0}


def test_what_a_mask_drops_is_held_back() -> None:
    """ρ: 1.65, 1.11, 0.61; 1.65, 1.82; 2.46. Products: 1.11, 3.00, 2.46; geometric means 1.03, 1.73, 2.46."""
    one = [1.0] * 3
    assert found("icepop", one, low=0.7, high=2.0) == {"clipped_tokens": 2 / 6, "clipped_rollouts": 1 / 3}
    assert found("sequence_mask", one, high=2.0) == {"clipped_tokens": 3 / 6, "clipped_rollouts": 2 / 3}
    assert found("geometric_filter", one) == {"clipped_tokens": 1.0, "clipped_rollouts": 1.0}
    assert found("geometric_filter", one, high=1.1) == {"clipped_tokens": 3 / 6, "clipped_rollouts": 2 / 3}


def test_without_a_ratio_or_rollouts_nothing_is_said() -> None:
    for ratio in BOUNDLESS:
        assert found(ratio, [1.0] * 3) == {}
    assert Clipping().metrics == {}
