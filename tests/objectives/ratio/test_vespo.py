import math

import pytest

from rftlab.objectives.ratio.vespo import policy_loss
from tokens import assert_finite_where_ratios_overflow, assert_masked, assert_none_at_ratio_one, loss_and_gradient


def test_the_weight_of_a_response_by_hand():
    """w = 2·0.75 = 1.5: φ = 1.5²·e^(3·(1 − 1.5)) = 2.25·e^−1.5 = 0.502043 for a success."""
    losses, gradients = loss_and_gradient(policy_loss, [2.0, 0.75], 2.0)
    assert losses == pytest.approx([2 * 0.502043] * 2, abs=1e-6)  # log π is −1
    assert gradients == pytest.approx([-2 * 0.502043] * 2, abs=1e-6)


def test_failures_have_their_own_shape():
    """1.5³·e^(2·(1 − 1.5)) = 3.375/e."""
    assert loss_and_gradient(policy_loss, [1.5], -1.0)[0] == pytest.approx([-3.375 / math.e])
    parameters = {"k_negative": 1.0, "lambda_negative": 1.0}
    assert loss_and_gradient(policy_loss, [1.5], -1.0, **parameters)[0] == pytest.approx([-1.5 * math.exp(-0.5)])
    parameters = {"k_positive": 1.0, "lambda_positive": 1.0}
    assert loss_and_gradient(policy_loss, [1.5], 1.0, **parameters)[0] == pytest.approx([1.5 * math.exp(-0.5)])


@pytest.mark.parametrize("advantage", [1.0, -1.0])
def test_what_is_far_in_either_direction_counts_for_nothing(advantage):
    for ratio in (1e-9, 1e3):
        assert loss_and_gradient(policy_loss, [ratio], advantage)[1] == pytest.approx([0.0], abs=1e-12)


def test_what_all_ratios_do():
    assert_none_at_ratio_one(policy_loss)
    assert_masked(policy_loss)
    assert_finite_where_ratios_overflow(policy_loss, 1.0)
    assert_finite_where_ratios_overflow(policy_loss, -1.0)
