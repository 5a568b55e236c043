import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from rftlab.advantages.group_norm import advantage as group_norm
from rftlab.advantages.pass_at_k import MINIMUM_ROLLOUTS, advantage
from rounds import round_of


def by_enumeration(rewards: list[float], k: int) -> np.ndarray:
    """Every set of k rollouts is scored; a rollout has the mean of the standardised scores of its sets."""
    sets = [*itertools.combinations(range(len(rewards)), k)]
    scores = np.array([max(rewards[i] for i in one) for one in sets], dtype=float)
    standardised = (scores - scores.mean()) / (scores.std() + 1e-6)
    return np.array(
        [np.mean([z for z, one in zip(standardised, sets, strict=True) if i in one]) for i in range(len(rewards))]
    )


def test_worked_out():
    # one right of four, k = 2: 3 of 6 sets succeed, ρ = 1/2, √(ρ(1 − ρ)) = 1/2; a failure is in 1 such set of its 3
    assert_allclose(advantage(round_of([1, 0, 0, 0])), [[1, -1 / 3, -1 / 3, -1 / 3]], rtol=1e-5)


@pytest.mark.parametrize(
    "rewards", [[1, 0, 0, 0, 0], [1, 0, 1, 0, 0], [1, 1, 1, 0, 1], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1]]
)
@pytest.mark.parametrize("k", [1, 2, 3, 4, 5])
def test_it_is_the_mean_over_all_sets(rewards, k):
    assert_allclose(advantage(round_of(rewards), k=k)[0], by_enumeration(rewards, k), rtol=1e-9, atol=1e-12)


def test_at_k_one_it_is_group_norm():
    scores = round_of([1, 0, 0, 0], [1, 1, 0, 1], [0, 0, 0, 0])
    assert_allclose(advantage(scores, k=1), group_norm(scores, ddof=0), rtol=1e-12)


def test_a_query_whose_sets_all_succeed_says_nothing():
    assert_array_equal(advantage(round_of([1, 1, 1, 0]), k=2), np.zeros((1, 4)))
    assert_array_equal(advantage(round_of([0.1] * 3, [1] * 3), k=3), np.zeros((2, 3)))


def test_statistics_rollouts_make_sets_too():
    assert_allclose(advantage(round_of([1, 0, 0, 0], n=1)), [[1]], rtol=1e-5)


@pytest.mark.parametrize(("rewards", "k"), [([1, 0], 3), ([1, 0], 0), ([1], 1)])
def test_too_few_rollouts_are_refused(rewards, k):
    assert MINIMUM_ROLLOUTS == 2
    with pytest.raises(ValueError, match="pass_at_k needs at least 2 rollouts"):
        advantage(round_of(rewards), k=k)
