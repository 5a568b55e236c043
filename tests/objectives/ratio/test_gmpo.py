import math

import pytest

from rftlab.objectives.ratio.gmpo import policy_loss
from tokens import assert_finite_where_ratios_overflow, assert_masked, assert_none_at_ratio_one, loss_and_gradient


def test_the_geometric_mean_of_ratios_that_no_clip_touches():
    """√(1.2·0.9) = 1.039230; each of the two tokens has half of the response's gradient, twice."""
    losses, gradients = loss_and_gradient(policy_loss, [1.2, 0.9], 2.0)
    assert losses == pytest.approx([-2.078461] * 2, abs=1e-6)
    assert gradients == pytest.approx([-2.078461] * 2, abs=1e-6)


def test_a_token_is_clipped_before_the_mean():
    """log 4 is clipped at 0.4: s = exp((0.4 + 0)/2) = e^0.2; the clipped token is silent, the other one is not."""
    losses, gradients = loss_and_gradient(policy_loss, [4.0, 1.0], 1.0)
    assert losses == pytest.approx([-math.exp(0.2)] * 2)
    assert gradients == pytest.approx([0.0, -math.exp(0.2)])


def test_failures_are_clipped_from_below_and_only_the_side_of_the_advantage_is():
    losses, gradients = loss_and_gradient(policy_loss, [0.25, 4.0], -1.0)
    assert losses == pytest.approx([math.exp((-0.4 + math.log(4)) / 2)] * 2)
    assert gradients[0] == 0.0 != gradients[1]
    assert loss_and_gradient(policy_loss, [0.25, 1.0], -1.0, epsilon_low=2.0)[0] == pytest.approx([0.5] * 2)
    assert loss_and_gradient(policy_loss, [4.0, 1.0], 1.0, epsilon_high=2.0)[0] == pytest.approx([-2.0] * 2)


def test_what_all_ratios_do():
    assert_none_at_ratio_one(policy_loss)
    assert_masked(policy_loss)
    assert_finite_where_ratios_overflow(policy_loss, 1.0)
