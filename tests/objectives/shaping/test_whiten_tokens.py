import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from rftlab.objectives.shaping.whiten_rollouts import shape as whiten_rollouts
from rftlab.objectives.shaping.whiten_tokens import shape


def test_every_token_counts_once():
    # tokens 1, 0, 0, 0: mean 1/4, variance (9/16 + 3·1/16)/3 = 1/4; 0.75/0.5 and −0.25/0.5
    advantages_Bn, lengths_Bn = np.array([[1.0], [0.0]]), np.array([[1], [3]])
    assert_allclose(shape(advantages_Bn, lengths_Bn), [[1.5], [-0.5]], rtol=1e-7)
    # tokens 1, 1, 1, 0: mean 3/4, the same variance
    assert_allclose(shape(advantages_Bn, lengths_Bn[::-1]), [[0.5], [-1.5]], rtol=1e-7)


def test_epsilon_is_inside_the_root():
    # 0.75/√(1/4 + 2) = 0.5
    assert_allclose(shape(np.array([[1.0], [0.0]]), np.array([[1], [3]]), epsilon=2.0), [[0.5], [-1 / 6]])


def test_it_is_a_whitening_of_the_tokens_written_out():
    rng = np.random.default_rng(0)
    advantages_Bn, lengths_Bn = rng.random((3, 2)), rng.integers(1, 9, size=(3, 2))
    tokens = np.repeat(advantages_Bn.ravel(), lengths_Bn.ravel())
    expected_Bn = (advantages_Bn - tokens.mean()) / np.sqrt(tokens.var(ddof=1) + 1e-8)
    assert_allclose(shape(advantages_Bn, lengths_Bn), expected_Bn, rtol=1e-12)


def test_responses_of_one_token_are_whitened_as_rollouts():
    advantages_Bn, lengths_Bn = np.array([[1.0, 0.0, 0.5]]), np.ones((1, 3), dtype=np.int64)
    assert_allclose(shape(advantages_Bn, lengths_Bn), whiten_rollouts(advantages_Bn, lengths_Bn), rtol=1e-5)


def test_a_single_token_stays_and_equal_advantages_give_exactly_zero():
    assert_array_equal(shape(np.array([[0.3]]), np.array([[1]])), [[0.3]])
    assert_array_equal(shape(np.array([[0.3]]), np.array([[2]])), [[0.0]])
    assert_array_equal(shape(np.full((2, 2), 0.1), np.array([[1, 2], [3, 4]])), np.zeros((2, 2)))
