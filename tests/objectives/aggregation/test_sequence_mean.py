import numpy as np
from numpy.testing import assert_allclose

from rftlab.objectives.aggregation.sequence_mean import token_weights

LENGTHS_Bn = np.array([[2, 6], [4, 8]])


def test_weights():
    # 1/(4·2), 1/(4·6), 1/(4·4), 1/(4·8)
    assert_allclose(token_weights(LENGTHS_Bn, 16), [[1 / 8, 1 / 24], [1 / 16, 1 / 32]], rtol=1e-15)


def test_one_rollout():
    assert_allclose(token_weights(np.array([[2], [6]]), 16), [[1 / 4], [1 / 12]], rtol=1e-15)
