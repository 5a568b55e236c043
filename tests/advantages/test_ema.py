from numpy.testing import assert_allclose, assert_array_equal

from rftlab.advantages import Past
from rftlab.advantages.ema import advantage
from rounds import round_of


def test_in_the_first_round_nothing_is_known():
    assert_array_equal(advantage(round_of([1], [0])), [[1], [0]])


def test_starts_at_the_first_mean_and_moves_once_a_round():
    second = round_of([1], [0], past=Past(round_means=[0.25]))
    assert_array_equal(advantage(second), [[0.75], [-0.25]])
    # 0.2, then 0.9·0.2 + 0.1·0.6 = 0.24, then 0.9·0.24 + 0.1·1.0 = 0.316
    fourth = round_of([1, 0], past=Past(round_means=[0.2, 0.6, 1.0]))
    assert_allclose(advantage(fourth), [[0.684, -0.316]], rtol=1e-14)
    # 0.2, then 0.4, then 0.7
    assert_allclose(advantage(fourth, decay=0.5), [[0.3, -0.7]], rtol=1e-14)


def test_the_current_round_and_statistics_rollouts_do_not_move_it():
    past = Past(round_means=[0.5])
    assert_array_equal(advantage(round_of([1, 0, 0], n=1, past=past)), [[0.5]])
    assert_array_equal(advantage(round_of([1, 1, 1], n=1, past=past)), [[0.5]])


def test_equal_rewards_give_equal_advantages():
    assert_array_equal(advantage(round_of([1, 1], past=Past(round_means=[0.25]))), [[0.75, 0.75]])
