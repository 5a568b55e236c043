from numpy.testing import assert_array_equal

from rftlab.advantages.optimal_baseline import advantage
from rounds import round_of


def test_long_responses_weigh_more_in_the_baseline():
    # (30·1 + 10·0)/40 = 0.75
    assert_array_equal(advantage(round_of([1, 0], lengths=[[30, 10]])), [[0.25, -0.75]])


def test_one_rollout_and_equal_rewards_give_exactly_zero():
    assert_array_equal(advantage(round_of([1], [0])), [[0], [0]])
    assert_array_equal(advantage(round_of([0.1, 0.1, 0.1], lengths=[[3, 5, 7]])), [[0, 0, 0]])


def test_statistics_rollouts_enter_the_baseline():
    # (10·0 + 10·1 + 20·1)/40 = 0.75
    assert_array_equal(advantage(round_of([0, 1, 1], lengths=[[10, 10, 20]], n=1)), [[-0.75]])
