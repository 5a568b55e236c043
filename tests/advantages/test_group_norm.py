import pytest
from numpy.testing import assert_allclose, assert_array_equal

from rftlab.advantages.group_norm import advantage
from rounds import round_of


def test_one_right_of_four():
    # mean 1/4; variance (9/16 + 3·1/16)/3 = 1/4 with ddof 1, so std 1/2
    assert_allclose(advantage(round_of([1, 0, 0, 0])), [[1.5, -0.5, -0.5, -0.5]], rtol=1e-5)


@pytest.mark.parametrize(("ddof", "size"), [(1, 0.5**0.5), (0, 1.0)])
def test_one_right_of_two(ddof, size):
    assert_allclose(advantage(round_of([1, 0], [0, 1]), ddof=ddof), [[size, -size], [-size, size]], rtol=1e-5)


def test_epsilon_is_added_to_the_std_not_to_the_variance():
    # std 1/2 with ddof 0; 0.5/(0.5 + 0.5) = 0.5, whereas sqrt(1/4 + 1/2) would give 0.577
    assert_array_equal(advantage(round_of([1, 0]), ddof=0, epsilon=0.5), [[0.5, -0.5]])


def test_one_rollout_gives_the_reward():
    assert_array_equal(advantage(round_of([1], [0], [0.1])), [[1], [0], [0.1]])


@pytest.mark.parametrize("reward", [0.0, 1.0, 0.1])
def test_equal_rewards_give_exactly_zero(reward):
    assert_array_equal(advantage(round_of([reward] * 3, [0, 1, 0]))[0], [0, 0, 0])


def test_statistics_rollouts_enter_mean_and_std_and_do_not_come_out():
    assert_allclose(advantage(round_of([1, 0, 0, 0], [0, 1, 0, 0], n=1)), [[1.5], [-0.5]], rtol=1e-5)
