import numpy as np
from numpy.testing import assert_array_equal

from rftlab.advantages import negative_only, positive_only
from rftlab.advantages.weighted import advantage
from rounds import round_of


def test_successes_weigh_less_than_failures():
    assert_array_equal(advantage(round_of([1, 0], [0, 0.5])), [[0.1, -1], [-1, -1]])
    assert_array_equal(advantage(round_of([1, 0]), weight=2.0), [[2, -1]])
    assert_array_equal(advantage(round_of([1, -1]), threshold=0.0), [[0.1, -1]])


def test_it_is_a_mixture_of_the_two_halves():
    scores = round_of([1, 0, 0.2], [0.6, 0.5, 1])
    mixture = 0.3 * positive_only.advantage(scores) + negative_only.advantage(scores)
    assert_array_equal(advantage(scores, weight=0.3), mixture)


def test_one_rollout_equal_rewards_and_statistics_rollouts():
    assert_array_equal(advantage(round_of([1], [0])), [[0.1], [-1]])
    assert_array_equal(advantage(round_of([1, 1, 1], [0, 0, 0])), [[0.1] * 3, [-1] * 3])
    assert_array_equal(advantage(round_of([1, 0, 0, 0], n=1)), np.array([[0.1]]))
