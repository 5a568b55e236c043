import pytest

from rftlab.objectives.ratio.sequence_mask import policy_loss
from tokens import assert_finite_where_ratios_overflow, assert_masked, assert_none_at_ratio_one, loss_and_gradient


def test_a_response_within_the_bounds_weighs_its_product():
    losses, gradients = loss_and_gradient(policy_loss, [0.5, 5.0], 2.0)
    assert losses == pytest.approx([5.0, 5.0])  # Π = 2.5, log π is −1
    assert gradients == pytest.approx([-5.0, -5.0])


@pytest.mark.parametrize(("ratios", "bounds"), [([2.0, 1.6], {}), ([0.5, 0.5], {"low": 0.3}), ([1.5], {"high": 1.4})])
def test_any_other_is_dropped_whole(ratios, bounds):
    losses, gradients = loss_and_gradient(policy_loss, ratios, 2.0, **bounds)
    assert (set(losses), set(gradients)) == ({0.0}, {0.0})


def test_there_is_no_lower_bound_unless_it_is_set():
    assert loss_and_gradient(policy_loss, [1e-6], 1.0)[0] == pytest.approx([1e-6])


def test_what_all_ratios_do():
    assert_none_at_ratio_one(policy_loss)
    assert_masked(policy_loss)
    assert_finite_where_ratios_overflow(policy_loss, 1.0)
    assert_finite_where_ratios_overflow(policy_loss, -1.0)
