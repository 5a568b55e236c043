from numpy.testing import assert_array_equal

from rftlab.advantages.batch_mean import advantage
from rounds import round_of


def test_one_rollout_is_compared_with_the_other_queries():
    assert_array_equal(advantage(round_of([1], [0], [0], [0])), [[0.75], [-0.25], [-0.25], [-0.25]])


def test_equal_rewards_of_a_query_still_count_but_an_equal_round_does_not():
    assert_array_equal(advantage(round_of([1, 1], [0, 0])), [[0.5, 0.5], [-0.5, -0.5]])
    assert_array_equal(advantage(round_of([0.1, 0.1, 0.1])), [[0, 0, 0]])


def test_statistics_rollouts_enter_the_mean_and_do_not_come_out():
    assert_array_equal(advantage(round_of([1, 0], [1, 0], n=1)), [[0.5], [0.5]])
