import pytest

from rftlab.objectives.ratio.cispo import policy_loss
from tokens import assert_finite_where_ratios_overflow, assert_masked, assert_none_at_ratio_one, loss_and_gradient


@pytest.mark.parametrize("advantage", [2.0, -2.0])
@pytest.mark.parametrize(("ratio", "weight"), [(0.1, 0.1), (1.0, 1.0), (4.0, 4.0), (50.0, 5.0)])
def test_one_token(ratio, weight, advantage):
    """log π is −1: the loss is A·weight, its gradient −A·weight, whatever the ratio has come to."""
    losses, gradients = loss_and_gradient(policy_loss, [ratio], advantage)
    assert (losses[0], gradients[0]) == pytest.approx((advantage * weight, -advantage * weight), rel=1e-12)


def test_a_floor_bounds_the_weight_from_below():
    losses, gradients = loss_and_gradient(policy_loss, [0.1, 0.5, 2.0], 1.0, floor=0.4)
    assert losses == pytest.approx([0.4, 0.5, 2.0])
    assert gradients == pytest.approx([-0.4, -0.5, -2.0])


def test_what_all_ratios_do():
    assert_none_at_ratio_one(policy_loss)
    assert_masked(policy_loss)
    assert_finite_where_ratios_overflow(policy_loss, 1.0)
    assert_finite_where_ratios_overflow(policy_loss, -1.0)


def test_an_impossible_cap_is_refused():
    with pytest.raises(ValueError, match="cispo needs cap > 0"):
        loss_and_gradient(policy_loss, [1.0], 1.0, cap=0.0)
