import pytest

from rftlab.objectives.ratio import clip
from rftlab.objectives.ratio.dual_clip import policy_loss
from tokens import assert_finite_where_ratios_overflow, assert_masked, assert_none_at_ratio_one, loss_and_gradient


@pytest.mark.parametrize(
    ("ratio", "advantage", "loss", "gradient"),
    [
        (1.5, 2.0, -2.4, 0.0),  # successes as in clip
        (0.5, 2.0, -1.0, -1.0),
        (0.5, -2.0, 1.6, 0.0),
        (1.5, -2.0, 3.0, 3.0),  # failures as in clip up to c
        (50.0, -2.0, 6.0, 0.0),  # and no more than c·|A| beyond: clip has 100
    ],
)
def test_one_token(ratio, advantage, loss, gradient):
    losses, gradients = loss_and_gradient(policy_loss, [ratio], advantage)
    assert (losses[0], gradients[0]) == pytest.approx((loss, gradient), rel=1e-12, abs=0)


@pytest.mark.parametrize("ratio", [0.1, 0.9, 1.1, 2.9])
@pytest.mark.parametrize("advantage", [1.5, -1.5])
def test_below_c_it_is_clip(ratio, advantage):
    assert loss_and_gradient(policy_loss, [ratio], advantage) == loss_and_gradient(clip.policy_loss, [ratio], advantage)


def test_what_all_ratios_do():
    assert_none_at_ratio_one(policy_loss)
    assert_masked(policy_loss)
    assert_finite_where_ratios_overflow(policy_loss, 1.0)
    assert_finite_where_ratios_overflow(policy_loss, -1.0)


@pytest.mark.parametrize("parameters", [{"epsilon_low": 1.0}, {"epsilon_high": -0.1}, {"c": 1.0}])
def test_impossible_bounds_are_refused(parameters):
    with pytest.raises(ValueError, match="dual_clip needs"):
        loss_and_gradient(policy_loss, [1.0], 1.0, **parameters)
