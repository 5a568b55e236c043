from numpy.testing import assert_array_equal

from rftlab.advantages.group_mean import advantage
from rounds import round_of


def test_subtracts_the_mean_of_the_query():
    assert_array_equal(
        advantage(round_of([1, 0, 0, 0], [1, 1, 0, 0])), [[0.75, -0.25, -0.25, -0.25], [0.5, 0.5, -0.5, -0.5]]
    )


def test_one_rollout_and_equal_rewards_give_exactly_zero():
    assert_array_equal(advantage(round_of([1], [0])), [[0], [0]])
    assert_array_equal(advantage(round_of([0.1, 0.1, 0.1])), [[0, 0, 0]])


def test_statistics_rollouts_enter_the_mean():
    assert_array_equal(advantage(round_of([1, 0, 0, 0], n=1)), [[0.75]])
