"""Rounds known by their successes."""

from itertools import product
from math import comb

import numpy as np
import pytest

from rftlab.advantages import Past
from rftlab.bandit.rounds import Shape, all_rounds, level, one_by_one, reads_past, round_of, sums

LENGTHS = (3, 9)


def test_a_round_has_its_successes_first_and_the_lengths_of_its_rewards() -> None:
    scores = round_of(Shape(2, 2, 1), np.array([[1, 0, 0], [2, 1, 0]]), LENGTHS)
    assert scores.rewards_BM.tolist() == [[1, 0, 0], [1, 1, 1]]
    assert scores.lengths_BM.tolist() == [[3, 9, 9], [3, 3, 3]]
    assert (scores.n, scores.queries, scores.past) == (2, ("q0", "q1"), Past())


def test_a_greedy_response_is_there_where_it_is_asked_for() -> None:
    counts_B3 = np.array([[1, 0, 1], [0, 0, 0]])
    assert round_of(Shape(2, 2, greedy=True), counts_B3, LENGTHS).greedy_B.tolist() == [1, 0]
    assert round_of(Shape(2, 2), counts_B3, LENGTHS).greedy_B is None


def test_all_rounds_are_every_round_up_to_the_order_of_queries() -> None:
    shape = Shape(3, 2)
    chosen_UB, orders_U = all_rounds(shape)
    assert len(chosen_UB) == shape.rounds == comb(5, 3)
    assert orders_U.sum() == pytest.approx(3**3)
    in_any_order = [tuple(sorted(states)) for states in product(range(3), repeat=3)]
    for chosen_B, orders in zip(chosen_UB.tolist(), orders_U, strict=True):
        assert in_any_order.count(tuple(chosen_B)) == pytest.approx(orders)


def test_states_are_successes_among_trained_and_statistics_rollouts() -> None:
    assert Shape(4, 1, 2).states == [(k, j, 0) for k in range(2) for j in range(3)]
    assert (Shape(4, 1, 2).rollouts, str(Shape(4, 1, 2)), str(Shape(4, 1))) == (12, "4×1+2", "4×1")


def test_sums_are_over_trained_rollouts_by_reward() -> None:
    scores = round_of(Shape(2, 4, 2), np.array([[1, 2, 0], [4, 0, 0]]), LENGTHS)
    found = sums(level("group_mean"), scores)
    assert found[0] == pytest.approx(np.array([[0.5, 0.25], [-1.5, 0.75]]))
    assert found[1] == pytest.approx(np.array([[4 / 3, 4 / 9], [0, 0]]))


@pytest.mark.parametrize(
    ("name", "past"), [("ema", True), ("history_window", True), ("raw", False), ("batch_norm", False)]
)
def test_what_looks_at_earlier_rounds_is_noticed(name: str, past: bool) -> None:
    assert reads_past(level(name), Shape(2, 2)) is past


@pytest.mark.parametrize(
    ("name", "alone"),
    [("group_norm", True), ("raw", True), ("batch_mean", False), ("shrinkage", False), ("group_mean_batch_std", False)],
)
def test_whether_queries_influence_each_other_is_noticed(name: str, alone: bool) -> None:
    shape = Shape(3, 2)
    rounds = [np.array(shape.states)[chosen_B] for chosen_B in all_rounds(shape)[0]]
    assert one_by_one(level(name), shape, LENGTHS, rounds) is alone
