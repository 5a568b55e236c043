import pytest
from numpy.testing import assert_allclose, assert_array_equal

from rftlab.advantages.leave_one_out import MINIMUM_ROLLOUTS, advantage
from rounds import round_of


def test_subtracts_the_mean_of_the_others():
    # the right one: 1 − 0; a wrong one: 0 − (1 + 0 + 0)/3
    assert_allclose(advantage(round_of([1, 0, 0, 0])), [[1, -1 / 3, -1 / 3, -1 / 3]], rtol=1e-15)


def test_at_one_rollout_the_statistics_rollouts_are_the_others():
    assert_allclose(advantage(round_of([1, 1, 0, 0], [0, 1, 1, 1], n=1)), [[2 / 3], [-1]], rtol=1e-15)


def test_equal_rewards_give_exactly_zero():
    assert_array_equal(advantage(round_of([0.1, 0.1, 0.1])), [[0, 0, 0]])


def test_a_single_rollout_is_refused():
    assert MINIMUM_ROLLOUTS == 2
    with pytest.raises(ValueError, match="at least 2 rollouts"):
        advantage(round_of([1], [0]))
