import pytest

from rftlab.objectives.ratio.gspo import policy_loss
from tokens import assert_finite_where_ratios_overflow, assert_masked, assert_none_at_ratio_one, loss_and_gradient

WIDE = {"epsilon_low": 0.2, "epsilon_high": 0.2}


def test_every_token_has_the_loss_of_its_response():
    """Ratios 1.21 and 1 have the geometric mean 1.1."""
    losses, gradients = loss_and_gradient(policy_loss, [1.21, 1.0], 2.0, **WIDE)
    assert losses == pytest.approx([-2.2, -2.2])
    assert gradients == pytest.approx([-2.2, -2.2])  # two tokens, each with d(−sA)/d log π = −sA/2


@pytest.mark.parametrize(("ratio", "advantage", "loss"), [(1.5, 1.0, -1.2), (0.5, -1.0, 0.8)])
def test_a_response_that_moved_far_enough_is_silent(ratio, advantage, loss):
    losses, gradients = loss_and_gradient(policy_loss, [ratio, ratio], advantage, **WIDE)
    assert losses == pytest.approx([loss] * 2)
    assert gradients == [0.0, 0.0]
    assert loss_and_gradient(policy_loss, [ratio, ratio], -advantage, **WIDE)[1] != [0.0, 0.0]


def test_the_clip_is_narrow_and_the_mean_forgives_one_token():
    assert loss_and_gradient(policy_loss, [1.001], 1.0)[1] == [0.0]
    assert loss_and_gradient(policy_loss, [1.001, 1.0, 1.0, 1.0], 1.0)[1] != [0.0] * 4


def test_what_all_ratios_do():
    assert_none_at_ratio_one(policy_loss)
    assert_masked(policy_loss)
    assert_finite_where_ratios_overflow(policy_loss, 1.0)


@pytest.mark.parametrize("parameters", [{"epsilon_low": 1.0}, {"epsilon_low": -0.1}, {"epsilon_high": -0.1}])
def test_impossible_bounds_are_refused(parameters):
    with pytest.raises(ValueError, match="gspo needs"):
        loss_and_gradient(policy_loss, [1.0], 1.0, **parameters)
