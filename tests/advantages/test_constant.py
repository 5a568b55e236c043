from numpy.testing import assert_array_equal

from rftlab.advantages.constant import advantage
from rounds import round_of


def test_subtracts_one_half_unless_told():
    assert_array_equal(advantage(round_of([1, 0], [0.5, -1])), [[0.5, -0.5], [0, -1.5]])
    assert_array_equal(advantage(round_of([1, 0]), baseline=0.25), [[0.75, -0.25]])


def test_one_rollout_and_equal_rewards_give_the_same_formula():
    assert_array_equal(advantage(round_of([1])), [[0.5]])
    assert_array_equal(advantage(round_of([0, 0])), [[-0.5, -0.5]])
