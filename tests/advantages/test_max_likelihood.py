import numpy as np
import pytest
from numpy.testing import assert_array_equal

from rftlab.advantages.max_likelihood import MINIMUM_REWARD, advantage
from rounds import round_of


def test_rare_successes_weigh_more():
    # p̂ = 1/4: (1 − 1/4)/(1/4) = 3 and (0 − 1/4)/(1/4) = −1; p̂ = 1/2: ±1
    assert_array_equal(advantage(round_of([1, 0, 0, 0], [1, 1, 0, 0])), [[3, -1, -1, -1], [1, 1, -1, -1]])


def test_one_rollout_and_equal_rewards_give_exactly_zero():
    assert_array_equal(advantage(round_of([1], [0])), [[0], [0]])
    assert_array_equal(advantage(round_of([0, 0, 0], [1, 1, 1], [0.1, 0.1, 0.1])), np.zeros((3, 3)))


def test_statistics_rollouts_enter_the_success_rate():
    assert_array_equal(advantage(round_of([1, 0, 0, 0], [0, 0, 0, 0], n=1)), [[3], [0]])


def test_a_negative_reward_is_refused():
    assert MINIMUM_REWARD == 0
    with pytest.raises(ValueError, match=r"at least 0\.0, got -1\.0"):
        advantage(round_of([1, -1]))
