import numpy as np
from numpy.testing import assert_array_equal

from rftlab.advantages import deviations
from rounds import round_of


def test_only_the_first_n_rollouts_are_trained_on():
    assert_array_equal(round_of([1, 0, 0.5], [0, 1, 1], n=2).rewards_Bn, [[1, 0], [0, 1]])


def test_deviations_along_rows_and_over_everything():
    rewards = np.array([[1.0, 0.0], [0.0, 0.0]])
    assert_array_equal(deviations(rewards, axis=1), [[0.5, -0.5], [0, 0]])
    assert_array_equal(deviations(rewards, axis=None), [[0.75, -0.25], [-0.25, -0.25]])


def test_deviations_of_equal_rewards_are_exactly_zero_where_the_mean_is_rounded():
    tenths = np.full((1, 3), 0.1)
    assert tenths.mean() != 0.1  # the trap: a naive deviation is 1e-17, not 0
    assert_array_equal(deviations(tenths, axis=1), np.zeros((1, 3)))
    assert_array_equal(deviations(tenths, axis=None), np.zeros((1, 3)))
