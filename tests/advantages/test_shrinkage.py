import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from rftlab.advantages.leave_one_out import advantage as leave_one_out
from rftlab.advantages.shrinkage import advantage, noise_share
from rounds import round_of


def test_worked_out():
    # for the first query, of the others [1, 1, 1, 0] and [1, 0, 0, 0]: both have variance 1/4; means 3/4 and 1/4 have
    # variance 1/8, less the noise 1/4/4 of a mean: τ² = 1/16; v = 1/4/3 = 1/12; λ = (1/12) / (1/12 + 1/16) = 4/7
    scores = round_of([1, 1, 0, 0], [1, 1, 1, 0], [1, 0, 0, 0])
    assert_allclose(noise_share(scores.rewards_BM)[0], 4 / 7)
    # μ₋ⱼ = 1/3 for a success, 2/3 for a failure; μ̄₋ᵢ = 1/2: A = 1 − (3/7·1/3 + 4/7·1/2), 0 − (3/7·2/3 + 4/7·1/2)
    assert_allclose(advantage(scores)[0], [4 / 7, 4 / 7, -4 / 7, -4 / 7])


def test_one_rollout_has_the_other_queries_mean():
    assert_allclose(advantage(round_of([1], [0], [0])), [[1], [-0.5], [-0.5]])
    assert_array_equal(advantage(round_of([1], [0])), [[1], [-1]])
    assert_array_equal(advantage(round_of([0.5])), [[0.5]])


def test_below_three_queries_it_is_leave_one_out():
    for scores in (round_of([1, 0, 0]), round_of([1, 0, 0], [1, 1, 0])):
        assert_allclose(advantage(scores), leave_one_out(scores))


def test_an_equal_query_is_compared_with_the_others_an_equal_round_with_none():
    scores = round_of([1, 1, 1, 1], [1, 0, 0, 0], [1, 1, 0, 0])
    share = noise_share(scores.rewards_BM)[0, 0]
    assert 0 < share <= 1
    assert_allclose(advantage(scores)[0], np.full(4, share * (1 - 3 / 8)))
    assert_array_equal(advantage(round_of([0.1, 0.1], [0.1, 0.1], [0.1, 0.1])), np.zeros((3, 2)))


def test_no_rollout_is_in_its_own_yardstick():
    """Raising one reward raises its own advantage by exactly as much."""
    before = advantage(round_of([1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 0]))
    after = advantage(round_of([1, 0.25, 0], [1, 1, 0], [0, 1, 0], [0, 0, 0]))
    assert after[0, 1] - before[0, 1] == pytest.approx(0.25)


def test_statistics_rollouts_enter_means_and_noise():
    rewards = ([1, 1, 0, 0], [1, 1, 1, 0], [1, 0, 0, 0])
    assert_array_equal(advantage(round_of(*rewards, n=1)), advantage(round_of(*rewards))[:, :1])


def test_its_baseline_is_nearer_to_the_truth_than_leave_one_outs():
    """Many rounds of 32 queries with 2 rollouts, success rates drawn from Beta(2, 2): mean squared error of r − A."""
    rng = np.random.default_rng(0)
    errors = {advantage: 0.0, leave_one_out: 0.0}
    for _ in range(50):
        rates_B = rng.beta(2, 2, size=32)
        scores = round_of(*(rng.random((32, 2)) < rates_B[:, None]).astype(float))
        for level in errors:
            errors[level] += float(np.square(scores.rewards_Bn - level(scores) - rates_B[:, None]).mean())
    assert errors[advantage] < 0.5 * errors[leave_one_out]
