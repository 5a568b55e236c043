from numpy.testing import assert_array_equal

from rftlab.advantages.negative_only import advantage
from rounds import round_of


def test_keeps_failures():
    assert_array_equal(advantage(round_of([1, 0], [1, -1], [0.5, 0.6])), [[0, -1], [0, -1], [-1, 0]])
    assert_array_equal(advantage(round_of([0.5, 0.4]), threshold=0.45), [[0, -1]])


def test_one_rollout_and_equal_rewards():
    assert_array_equal(advantage(round_of([1], [0])), [[0], [-1]])
    assert_array_equal(advantage(round_of([1, 1], [0, 0])), [[0, 0], [-1, -1]])
