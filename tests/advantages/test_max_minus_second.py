import pytest
from numpy.testing import assert_allclose, assert_array_equal

from rftlab.advantages.max_minus_second import MINIMUM_ROLLOUTS, advantage
from rounds import round_of


def test_the_best_leads_by_what_it_leads():
    assert_array_equal(advantage(round_of([0, 1, 0], [0.5, 0.25, 2])), [[0, 1, 0], [0, 0, 1.5]])


def test_a_tie_for_the_best_gives_exactly_zero():
    assert_array_equal(advantage(round_of([1, 1, 0], [0.1, 0.1, 0.1])), [[0, 0, 0], [0, 0, 0]])


def test_it_is_what_the_best_would_lose_without_the_rollout():
    rewards = [0.3, 0.9, 0.7, 0.1]
    expected = [max(rewards) - max(rewards[:i] + rewards[i + 1 :]) for i in range(4)]
    assert_allclose(advantage(round_of(rewards))[0], expected)


def test_statistics_rollouts_are_among_the_others():
    assert_array_equal(advantage(round_of([1, 0.75, 0], n=1)), [[0.25]])
    assert_array_equal(advantage(round_of([1, 2, 0], n=1)), [[0]])


def test_a_lone_rollout_is_refused():
    assert MINIMUM_ROLLOUTS == 2
    with pytest.raises(ValueError, match="max_minus_second needs at least 2 rollouts"):
        advantage(round_of([1]))
