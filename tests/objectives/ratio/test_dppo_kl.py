import math

import pytest
import torch

from rftlab.objectives.ratio.dppo_kl import policy_loss
from tokens import assert_finite_where_ratios_overflow, assert_masked, assert_none_at_ratio_one, loss_and_gradient

Q = math.exp(-1)  # of every token under the trained policy, see the helper


def binary_kl(ratio: float) -> float:
    p = Q / ratio
    return p * math.log(p / Q) + (1 - p) * math.log((1 - p) / (1 - Q))


def test_inside_the_region_a_token_has_its_weight():
    assert max(binary_kl(1.2), binary_kl(0.8)) < 0.05
    losses, gradients = loss_and_gradient(policy_loss, [1.2, 0.8], 2.0)
    assert losses == pytest.approx([2.4, 1.6])  # log π is −1: −A·ρ·(−1)
    assert gradients == pytest.approx([-2.4, -1.6])


@pytest.mark.parametrize(("advantage", "ratio"), [(1.0, 4.0), (-1.0, 0.5)])
def test_a_token_that_moved_too_far_where_its_advantage_pushes_is_silent(advantage, ratio):
    assert loss_and_gradient(policy_loss, [ratio], advantage)[1] == [0.0]
    assert loss_and_gradient(policy_loss, [ratio], -advantage)[1] != [0.0]
    for factor, silent in ((1 - 1e-9, True), (1 + 1e-9, False)):
        bound = binary_kl(ratio) * factor
        _, gradients = loss_and_gradient(policy_loss, [ratio], advantage, delta_low=bound, delta_high=bound)
        assert (gradients == [0.0]) == silent


def test_certain_tokens_are_finite():
    logprobs = torch.tensor([[0.0, -1e-9, -20.0]], requires_grad=True)
    old = torch.tensor([[-20.0, 0.0, 0.0]])
    for advantage in (1.0, -1.0):
        loss = policy_loss(logprobs, old, torch.ones(1, 3, dtype=torch.bool), torch.tensor([advantage]))
        (gradient,) = torch.autograd.grad(loss.sum(), logprobs)
        assert loss.isfinite().all()
        assert gradient.isfinite().all()


def test_what_all_ratios_do():
    assert_none_at_ratio_one(policy_loss)
    assert_masked(policy_loss)
    assert_finite_where_ratios_overflow(policy_loss, 1.0)
    assert_finite_where_ratios_overflow(policy_loss, -1.0)
