import math

import pytest

from rftlab.objectives.ratio.dro import policy_loss
from tokens import assert_finite_where_ratios_overflow, assert_masked, assert_none_at_ratio_one, loss_and_gradient


def test_the_leash_by_hand():
    """log ρ = log 2: −A·(−1) + ½·0.5·0.480453; the gradient is −A + 0.5·log 2."""
    losses, gradients = loss_and_gradient(policy_loss, [2.0], 1.5, beta=0.5)
    assert losses == pytest.approx([1.5 + 0.25 * 0.480453], abs=1e-6)
    assert gradients == pytest.approx([-1.5 + 0.5 * math.log(2)])


def test_without_an_advantage_it_only_pulls_back_and_without_beta_it_is_reinforce():
    assert loss_and_gradient(policy_loss, [2.0, 0.5], 0.0)[1] == pytest.approx(
        [0.05 * math.log(2), -0.05 * math.log(2)]
    )
    assert loss_and_gradient(policy_loss, [2.0], 1.5, beta=0.0) == ([1.5], [-1.5])


def test_what_all_ratios_do():
    assert_none_at_ratio_one(policy_loss)
    assert_masked(policy_loss)
    assert_finite_where_ratios_overflow(policy_loss, 1.0)
    assert_finite_where_ratios_overflow(policy_loss, -1.0)
