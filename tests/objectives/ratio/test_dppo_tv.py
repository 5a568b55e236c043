import math

import pytest
import torch

from rftlab.objectives.ratio.dppo_tv import policy_loss
from tokens import assert_finite_where_ratios_overflow, assert_masked, assert_none_at_ratio_one, loss_and_gradient

P = math.exp(-1)  # of every token under the trained policy, see the helper


def test_inside_the_region_a_token_has_its_weight():
    losses, gradients = loss_and_gradient(policy_loss, [1.2, 0.8], 2.0)
    assert losses == pytest.approx([2.4, 1.6])  # log π is −1: −A·ρ·(−1)
    assert gradients == pytest.approx([-2.4, -1.6])


@pytest.mark.parametrize(("advantage", "ratio"), [(1.0, 4.0), (-1.0, 0.5)])
def test_a_token_that_moved_too_far_where_its_advantage_pushes_is_silent(advantage, ratio):
    moved = P - P / ratio
    assert abs(moved) > 0.2
    assert loss_and_gradient(policy_loss, [ratio], advantage)[1] == [0.0]
    assert loss_and_gradient(policy_loss, [ratio], -advantage)[1] != [0.0]
    wider = {"delta_low": abs(moved) + 1e-9, "delta_high": abs(moved) + 1e-9}
    assert loss_and_gradient(policy_loss, [ratio], advantage, **wider)[1] != [0.0]


def test_a_rare_token_may_move_by_any_factor_up_to_the_cap():
    rare = torch.tensor([[-9.0]], dtype=torch.float64)
    loss = policy_loss(
        rare, rare - math.log(50), torch.ones(1, 1, dtype=torch.bool), torch.ones(1, dtype=torch.float64)
    )
    assert loss.item() == pytest.approx(20 * 9.0)


def test_what_all_ratios_do():
    assert_none_at_ratio_one(policy_loss)
    assert_masked(policy_loss)
    assert_finite_where_ratios_overflow(policy_loss, 1.0)
    assert_finite_where_ratios_overflow(policy_loss, -1.0)
