import pytest

from rftlab.objectives.ratio.icepop import policy_loss
from tokens import assert_finite_where_ratios_overflow, assert_masked, assert_none_at_ratio_one, loss_and_gradient


@pytest.mark.parametrize("advantage", [2.0, -2.0])
def test_tokens_within_the_bounds_weigh_their_ratio_and_others_nothing(advantage):
    losses, gradients = loss_and_gradient(policy_loss, [0.49, 0.51, 1.0, 4.9, 5.1], advantage)
    weights = [0.0, 0.51, 1.0, 4.9, 0.0]
    assert losses == pytest.approx([advantage * weight for weight in weights])  # log π is −1
    assert gradients == pytest.approx([-advantage * weight for weight in weights])


def test_other_bounds():
    assert loss_and_gradient(policy_loss, [0.01, 1.5], 1.0, low=0.0, high=1.4)[0] == pytest.approx([0.01, 0.0])


def test_what_all_ratios_do():
    assert_none_at_ratio_one(policy_loss)
    assert_masked(policy_loss)
    assert_finite_where_ratios_overflow(policy_loss, 1.0)
    assert_finite_where_ratios_overflow(policy_loss, -1.0)
