import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from rftlab.advantages.batch_norm import advantage as batch_norm
from rftlab.objectives.shaping.whiten_rollouts import shape
from rounds import round_of

LENGTHS_Bn = np.array([[1, 2], [3, 4]])


def test_every_rollout_counts_once():
    # mean 1/4; variance (9/16 + 3·1/16)/3 = 1/4 with ddof 1, so std 1/2; lengths do not matter
    advantages_Bn = np.array([[1.0, 0.0], [0.0, 0.0]])
    assert_allclose(shape(advantages_Bn, LENGTHS_Bn), [[1.5, -0.5], [-0.5, -0.5]], rtol=1e-5)
    assert_array_equal(shape(np.array([[1.0, 0.0]]), LENGTHS_Bn[:1], ddof=0, epsilon=0.5), [[0.5, -0.5]])


def test_of_raw_rewards_it_is_batch_norm():
    scores = round_of([1, 0.25], [0, 0.5])
    assert_allclose(shape(scores.rewards_Bn, LENGTHS_Bn), batch_norm(scores), rtol=1e-12)


def test_a_single_rollout_stays_and_equal_advantages_give_exactly_zero():
    assert_array_equal(shape(np.array([[0.3]]), LENGTHS_Bn[:1, :1]), [[0.3]])
    assert_array_equal(shape(np.full((2, 2), 0.1), LENGTHS_Bn), np.zeros((2, 2)))
