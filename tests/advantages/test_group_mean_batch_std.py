from numpy.testing import assert_allclose, assert_array_equal

from rftlab.advantages.group_mean_batch_std import advantage
from rounds import round_of


def test_own_mean_and_common_std():
    # group means 1/2 and 0; std of {1, 0, 0, 0} with ddof 1 is 1/2
    assert_allclose(advantage(round_of([1, 0], [0, 0])), [[1, -1], [0, 0]], rtol=1e-5)


def test_one_rollout_gives_zero_also_when_it_is_alone():
    assert_array_equal(advantage(round_of([1], [0])), [[0], [0]])
    assert_array_equal(advantage(round_of([1])), [[0]])


def test_equal_rewards_give_exactly_zero():
    assert_array_equal(advantage(round_of([0.1, 0.1, 0.1])), [[0, 0, 0]])


def test_statistics_rollouts_enter_mean_and_std():
    assert_allclose(advantage(round_of([1, 0], [0, 0], n=1)), [[1], [0]], rtol=1e-5)


def test_ddof_and_epsilon():
    assert_array_equal(advantage(round_of([1, 0]), ddof=0, epsilon=0.5), [[0.5, -0.5]])
