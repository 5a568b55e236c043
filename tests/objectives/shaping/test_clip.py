import numpy as np
from numpy.testing import assert_array_equal

from rftlab.objectives.shaping.clip import shape

LENGTHS_Bn = np.array([[1, 2], [3, 4]])


def test_within_the_bound_nothing_changes_and_beyond_it_is_the_bound():
    advantages_Bn = np.array([[6.0, -0.5], [5.0, -7.0]])
    assert_array_equal(shape(advantages_Bn, LENGTHS_Bn), [[5, -0.5], [5, -5]])
    assert_array_equal(shape(advantages_Bn, LENGTHS_Bn, bound=0.25), [[0.25, -0.25], [0.25, -0.25]])


def test_one_rollout_and_equal_advantages():
    assert_array_equal(shape(np.array([[9.0]]), LENGTHS_Bn[:1, :1]), [[5]])
    assert_array_equal(shape(np.full((2, 2), 0.1), LENGTHS_Bn), np.full((2, 2), 0.1))
