from numpy.testing import assert_array_equal

from rftlab.advantages.positive_only import advantage
from rounds import round_of


def test_keeps_successes():
    assert_array_equal(advantage(round_of([1, 0], [1, -1], [0.5, 0.6])), [[1, 0], [1, 0], [0, 1]])
    assert_array_equal(advantage(round_of([0.5, 0.4]), threshold=0.45), [[1, 0]])


def test_one_rollout_and_equal_rewards():
    assert_array_equal(advantage(round_of([1], [0])), [[1], [0]])
    assert_array_equal(advantage(round_of([1, 1], [0, 0])), [[1, 1], [0, 0]])
