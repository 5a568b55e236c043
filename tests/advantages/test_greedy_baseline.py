import pytest
from numpy.testing import assert_array_equal

from rftlab.advantages.greedy_baseline import GREEDY, advantage
from rounds import round_of


def test_the_greedy_response_is_the_yardstick():
    assert_array_equal(advantage(round_of([1, 0], [1, 0], greedy=[1, 0.25])), [[0, -1], [0.75, -0.25]])


def test_one_rollout_equal_rewards_and_statistics_rollouts():
    assert_array_equal(advantage(round_of([1], [0], greedy=[0, 0])), [[1], [0]])
    assert_array_equal(advantage(round_of([1, 1], greedy=[0.5])), [[0.5, 0.5]])
    assert_array_equal(advantage(round_of([1, 0, 0], n=1, greedy=[0])), [[1]])


def test_a_round_without_greedy_responses_is_refused():
    assert GREEDY
    with pytest.raises(ValueError, match="greedy_baseline needs"):
        advantage(round_of([1, 0]))
