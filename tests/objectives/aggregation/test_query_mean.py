import numpy as np
from numpy.testing import assert_allclose

from rftlab.objectives.aggregation.query_mean import token_weights

LENGTHS_Bn = np.array([[2, 6], [4, 8]])


def test_weights():
    # 1/(2·8) and 1/(2·12)
    assert_allclose(token_weights(LENGTHS_Bn, 16), [[1 / 16, 1 / 16], [1 / 24, 1 / 24]], rtol=1e-15)


def test_one_rollout():
    assert_allclose(token_weights(np.array([[2], [6]]), 16), [[1 / 4], [1 / 12]], rtol=1e-15)
