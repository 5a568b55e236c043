import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from rftlab.advantages.group_norm import advantage as group_norm
from rftlab.advantages.max_variance import advantage
from rounds import round_of


def test_the_extremes_are_kept_and_standardised():
    # 1 and 0 are kept, of equal rewards the earlier one: ±0.5 / (√½ + ε)
    assert_allclose(advantage(round_of([0.5, 0, 1, 0])), [[0, -(0.5**0.5), 0.5**0.5, 0]], rtol=1e-5)
    # one right of five, three kept: the right one and the first two wrong ones; mean 1/3, std² = (4/9 + 1/9 + 1/9)/2
    expected = [[-(3**-0.5), -(3**-0.5), 0, 2 * 3**-0.5, 0]]
    assert_allclose(advantage(round_of([0, 0, 0, 1, 0]), keep=3), expected, rtol=1e-5)


@pytest.mark.parametrize("keep", [2, 3, 4])
def test_no_other_choice_varies_more(keep):
    rng = np.random.default_rng(keep)
    for _ in range(20):
        rewards_n = rng.random(6)
        kept = advantage(round_of(rewards_n), keep=keep)[0] != 0
        best = max(np.var(one) for one in itertools.combinations(rewards_n, keep))
        assert kept.sum() == keep
        assert np.var(rewards_n[kept]) == pytest.approx(best)


def test_with_all_kept_it_is_group_norm():
    scores = round_of([1, 0, 0.25], [0, 0, 1])
    assert_allclose(advantage(scores, keep=3, ddof=0), group_norm(scores, ddof=0), rtol=1e-12)


def test_equal_rewards_give_exactly_zero():
    assert_array_equal(advantage(round_of([0.1, 0.1, 0.1])), [[0, 0, 0]])


def test_statistics_rollouts_are_not_used():
    assert_array_equal(advantage(round_of([1, 0, 0, 5], n=3)), advantage(round_of([1, 0, 0])))


@pytest.mark.parametrize("keep", [1, 3])
def test_more_than_there_are_and_a_single_one_are_refused(keep):
    with pytest.raises(ValueError, match="max_variance keeps 2 to n rollouts"):
        advantage(round_of([1, 0]), keep=keep)
