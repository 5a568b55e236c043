from numpy.testing import assert_array_equal

from rftlab.advantages.raw import advantage
from rounds import round_of


def test_is_the_reward():
    assert_array_equal(advantage(round_of([1, 0], [0.5, -1])), [[1, 0], [0.5, -1]])


def test_one_rollout_and_equal_rewards_keep_the_reward():
    assert_array_equal(advantage(round_of([1])), [[1]])
    assert_array_equal(advantage(round_of([1, 1, 1])), [[1, 1, 1]])


def test_is_a_copy():
    scores = round_of([1, 0])
    advantage(scores)[:] = 9
    assert_array_equal(scores.rewards_BM, [[1, 0]])
