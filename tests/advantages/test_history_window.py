import pytest
from numpy.testing import assert_allclose, assert_array_equal

from rftlab.advantages import Past
from rftlab.advantages.group_norm import advantage as group_norm
from rftlab.advantages.history_window import advantage
from rounds import round_of

ROOT_HALF = 0.5**0.5  # one right of two, ddof 1


def test_a_window_of_one_gives_the_reward():
    assert_array_equal(advantage(round_of([1], [0])), [[1], [0]])
    assert_array_equal(advantage(round_of([1], past=Past({"q0": [0, 0]})), window=1), [[1]])


def test_the_past_of_the_query_and_of_no_other_enters():
    past = Past({"q0": [1, 0, 0], "q1": [0.3]})
    # window 1, 0, 0, 1: mean 1/2, variance 4·(1/4)/3 = 1/3
    assert_allclose(advantage(round_of([1], [0.3], past=past)), [[0.5 * 3**0.5], [0]], rtol=1e-5)


def test_only_the_last_rewards_enter():
    assert_allclose(advantage(round_of([1], past=Past({"q0": [1, 1, 0]})), window=2), [[ROOT_HALF]], rtol=1e-5)


def test_without_a_past_it_is_the_group_norm():
    scores = round_of([1, 0, 0, 0], [0, 1, 0, 1])
    assert_allclose(advantage(scores), group_norm(scores), rtol=1e-14)


def test_a_query_drawn_twice_sees_its_earlier_row():
    scores = round_of([1], [0.5], [0], queries=["a", "b", "a"])
    assert_allclose(advantage(scores), [[1], [0.5], [-ROOT_HALF]], rtol=1e-5)
    scores = round_of([1], [0], queries=["a", "a"], past=Past({"a": [0]}))
    # rows see 0, 1 and then 0, 1, 0: mean 1/3, variance (1/9 + 4/9 + 1/9)/2 = 1/3
    assert_allclose(advantage(scores), [[ROOT_HALF], [-1 / 3 * 3**0.5]], rtol=1e-5)


def test_equal_rewards_give_exactly_zero():
    assert_array_equal(advantage(round_of([0.1, 0.1], past=Past({"q0": [0.1]}))), [[0, 0]])


def test_statistics_rollouts_do_not_enter():
    past = Past({"q0": [0]})
    assert_array_equal(advantage(round_of([1, 1, 1], n=1, past=past)), advantage(round_of([1], past=past)))


def test_ddof_and_epsilon():
    assert_array_equal(advantage(round_of([1], past=Past({"q0": [0]})), ddof=0, epsilon=0.5), [[0.5]])


def test_the_past_is_read_and_not_written():
    past = Past({"q0": [0]}, [0.5])
    advantage(round_of([1], past=past))
    assert past == Past({"q0": [0]}, [0.5])


def test_a_window_shorter_than_a_row_is_refused():
    with pytest.raises(ValueError, match="window=2 is shorter than the 3 rollouts"):
        advantage(round_of([1, 0, 1]), window=2)
