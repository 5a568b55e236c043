from numpy.testing import assert_allclose, assert_array_equal

from rftlab.advantages.batch_norm import advantage
from rounds import round_of


def test_standardises_over_the_round():
    # mean 1/4; variance (9/16 + 3·1/16)/3 = 1/4 with ddof 1, so std 1/2
    assert_allclose(advantage(round_of([1], [0], [0], [0])), [[1.5], [-0.5], [-0.5], [-0.5]], rtol=1e-5)


def test_ddof_and_epsilon():
    # std with ddof 0 is 1/2 of {0, 1}; 0.5/(0.5 + 0.5) = 0.5
    assert_array_equal(advantage(round_of([1], [0]), ddof=0, epsilon=0.5), [[0.5], [-0.5]])


def test_a_round_of_one_rollout_gives_the_reward_and_an_equal_round_gives_zero():
    assert_array_equal(advantage(round_of([1])), [[1]])
    assert_array_equal(advantage(round_of([0.1, 0.1, 0.1])), [[0, 0, 0]])


def test_statistics_rollouts_enter_mean_and_std():
    assert_allclose(advantage(round_of([1, 0], [0, 0], n=1)), [[1.5], [-0.5]], rtol=1e-5)
