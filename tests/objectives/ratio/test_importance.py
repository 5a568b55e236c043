import pytest

from rftlab.objectives.ratio.importance import policy_loss
from tokens import assert_masked, assert_none_at_ratio_one, loss_and_gradient


@pytest.mark.parametrize("advantage", [2.0, -2.0])
def test_the_ratio_times_the_advantage_without_a_bound(advantage):
    losses, gradients = loss_and_gradient(policy_loss, [0.5, 1.0, 30.0], advantage)
    expected = [-0.5 * advantage, -advantage, -30 * advantage]
    assert losses == pytest.approx(expected)
    assert gradients == pytest.approx(expected)


def test_what_all_ratios_do():
    assert_none_at_ratio_one(policy_loss)
    assert_masked(policy_loss)
