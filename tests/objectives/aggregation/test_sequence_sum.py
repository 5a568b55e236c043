import numpy as np
from numpy.testing import assert_allclose

from rftlab.objectives.aggregation.sequence_sum import token_weights

LENGTHS_Bn = np.array([[2, 6], [4, 8]])


def test_weights():
    # 4 rollouts, whatever their lengths
    assert_allclose(token_weights(LENGTHS_Bn, 16), np.full((2, 2), 1 / 4), rtol=1e-15)


def test_one_rollout():
    assert_allclose(token_weights(np.array([[2], [6]]), 16), [[1 / 2], [1 / 2]], rtol=1e-15)
