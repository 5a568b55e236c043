import pytest

from rftlab.objectives.ratio.geometric_filter import policy_loss
from tokens import assert_finite_where_ratios_overflow, assert_masked, assert_none_at_ratio_one, loss_and_gradient


def test_a_response_that_agrees_in_the_mean_has_its_tokens_weights():
    losses, gradients = loss_and_gradient(policy_loss, [2.0, 0.5], 2.0)
    assert losses == pytest.approx([4.0, 1.0])  # the geometric mean is 1; log π is −1
    assert gradients == pytest.approx([-4.0, -1.0])


@pytest.mark.parametrize("ratios", [[1.02], [0.98], [1.0, 1.03], [1.0, 0.97]])
def test_any_other_is_dropped_whole(ratios):
    losses, gradients = loss_and_gradient(policy_loss, ratios, 2.0)
    assert (set(losses), set(gradients)) == ({0.0}, {0.0})
    assert 0.0 not in loss_and_gradient(policy_loss, ratios, 2.0, low=0.9, high=1.1)[0]


def test_length_alone_drops_nothing():
    """A hundred tokens, each 0.5% off: the product is 1.65, the mean 1.005."""
    assert 0.0 not in loss_and_gradient(policy_loss, [1.005] * 100, 1.0)[0]


def test_what_all_ratios_do():
    assert_none_at_ratio_one(policy_loss)
    assert_masked(policy_loss)
    assert_finite_where_ratios_overflow(policy_loss, 1.0)
    assert_finite_where_ratios_overflow(policy_loss, -1.0)
