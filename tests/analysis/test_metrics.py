from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from rftlab.analysis.metrics import (
    area_under_curve,
    collapse,
    collapsed,
    first_mean,
    last_mean,
    maj_at_k,
    pass_at_k,
    peak_mean,
    value_at,
)


@pytest.mark.parametrize("k", [1, 2, 4, 8])
def test_pass_at_k_is_the_share_of_subsets_with_a_success(k: int) -> None:
    for correct in range(9):
        samples = [i < correct for i in range(8)]
        subsets = list(itertools.combinations(samples, k))
        assert pass_at_k(correct, 8, k) == pytest.approx(sum(map(any, subsets)) / len(subsets))


def test_pass_at_k_is_not_the_biased_bootstrap() -> None:
    assert pass_at_k(1, 8, 4) == 0.5
    resampled = 1 - (7 / 8) ** 4
    assert resampled == pytest.approx(0.414, abs=5e-4)


def test_pass_at_k_keeps_the_shape_and_pass_at_1_is_the_mean() -> None:
    counts = np.array([[0, 1], [2, 4]])
    assert pass_at_k(counts, 4, 1).tolist() == [[0.0, 0.25], [0.5, 1.0]]


def test_pass_at_k_holds_for_many_samples() -> None:
    expected = 1 - math.comb(190, 100) / math.comb(200, 100)
    assert pass_at_k(10, 200, 100) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("correct", "k"), [(0, 0), (0, 5), (5, 2), (-1, 2)])
def test_pass_at_k_refuses_what_has_no_meaning(correct: int, k: int) -> None:
    with pytest.raises(ValueError):
        pass_at_k(correct, 4, k)


def majority(answers: list[int], right: int, k: int | None = None) -> float:
    codes = np.array([answers])
    return float(maj_at_k(codes, codes == right, k or len(answers))[0])


def test_majority_counts_votes() -> None:
    assert majority([7, 7, 3, 5], right=7) == 1.0
    assert majority([3, 3, 7, 5], right=7) == 0.0


def test_tied_answers_share_the_decision() -> None:
    assert majority([7, 7, 3, 3], right=7) == 0.5
    assert majority([7, 3, 5, 9], right=7) == 0.25
    assert majority([7, 7, 3, 3, 9], right=7) == 0.5


def test_no_answer_does_not_vote() -> None:
    assert majority([-1, -1, -1, 7], right=7) == 1.0
    assert majority([-1, -1, -1, -1], right=7) == 0.0


def test_only_the_first_k_samples_vote() -> None:
    assert majority([3, 7, 7], right=7, k=1) == 0.0
    assert majority([3, 7, 7], right=7, k=2) == 0.5
    assert majority([3, 7, 7], right=7, k=3) == 1.0


def test_majority_of_all_samples_does_not_depend_on_their_order() -> None:
    values = {majority(list(order), right=7) for order in itertools.permutations([7, 7, 3, 3, -1])}
    assert values == {0.5}


def test_majority_refuses_more_votes_than_samples() -> None:
    with pytest.raises(ValueError, match="the number of samples, which is 2"):
        majority([1, 2], right=1, k=3)
    with pytest.raises(ValueError, match="differ in shape"):
        maj_at_k(np.zeros((1, 2), int), np.zeros((2, 2), bool), 1)


def test_a_share_of_the_rounds_is_a_share() -> None:
    with pytest.raises(ValueError, match="lies in"):
        first_mean(np.ones(3), 20)


X = np.array([0.0, 10.0, 30.0])
Y = np.array([[0.2, 0.4, 0.4], [0.0, 0.0, 1.0]])


def test_value_at_is_linear_between_points_and_exact_on_them() -> None:
    assert value_at(X, Y, 0).tolist() == [0.2, 0.0]
    assert value_at(X, Y, 5).tolist() == pytest.approx([0.3, 0.0])
    assert value_at(X, Y, 20).tolist() == pytest.approx([0.4, 0.5])
    assert value_at(X, Y, 30).tolist() == [0.4, 1.0]


@pytest.mark.parametrize("at", [-1, 31])
def test_value_at_does_not_extrapolate(at: float) -> None:
    with pytest.raises(ValueError, match="outside the curve"):
        value_at(X, Y, at)


def test_area_is_an_average_height() -> None:
    assert area_under_curve(X, Y, 30).tolist() == pytest.approx([(10 * 0.3 + 20 * 0.4) / 30, 10 / 30])
    assert area_under_curve(X, np.full((3,), 0.7), 30) == pytest.approx(0.7)


def test_area_stops_between_points() -> None:
    assert area_under_curve(X, Y, 20).tolist() == pytest.approx([(10 * 0.3 + 10 * 0.4) / 20, 10 * 0.25 / 20])


def test_area_over_no_span_is_the_height() -> None:
    assert area_under_curve(X, Y, 0).tolist() == [0.2, 0.0]
    assert area_under_curve(np.array([0.0]), np.array([[0.3]]), 0).tolist() == [0.3]


def test_area_does_not_change_when_a_point_on_the_line_is_added() -> None:
    x = np.array([0.0, 10.0, 20.0, 30.0])
    y = np.stack([value_at(X, Y, at) for at in x], axis=-1)
    assert area_under_curve(x, y, 27).tolist() == pytest.approx(area_under_curve(X, Y, 27).tolist())


def test_curves_need_increasing_positions() -> None:
    with pytest.raises(ValueError, match="increasing positions"):
        value_at(np.array([0.0, 5.0, 5.0]), Y, 3)


def test_means_over_the_edges_of_a_run() -> None:
    values = np.arange(15.0)
    assert first_mean(values, 0.2) == 1.0  # three rounds: 0.2·15 is a little above 3 in floating point
    assert last_mean(values, 0.2) == 13.0
    assert first_mean(values[:1], 0.2) == 0.0
    assert math.isnan(first_mean(values[:0], 0.2))
    assert math.isnan(last_mean(values[:0], 0.2))


def test_collapse_is_losing_half_of_the_peak() -> None:
    rise, fall = np.linspace(0.2, 0.8, 20), np.linspace(0.8, 0.1, 20)
    there_and_back = np.concatenate([rise, fall])
    assert peak_mean(there_and_back, 0.2) > 0.7
    assert collapsed(there_and_back, share=0.2, kept=0.5)
    assert not collapsed(rise, share=0.2, kept=0.5)
    assert not collapsed(np.zeros(20), share=0.2, kept=0.5)
    assert not collapsed(np.zeros(0), share=0.2, kept=0.5)


def test_the_ways_in_which_a_policy_dies():
    rise, fall, one = np.linspace(0.1, 0.9, 20), np.concatenate([np.linspace(0.5, 0, 10), np.zeros(10)]), np.ones(20)
    assert collapse(rise, one, 0 * one, 0.2) == ()
    assert collapse(fall, one, 0 * one, 0.2) == ("reward",)
    assert collapse(0 * one, one, one, 0.2) == ()  # it never could, and never ended a response: nothing was lost
    assert collapse(rise, fall + 0.001, 0 * one, 0.2) == ("entropy",)
    assert collapse(rise, one, 1 - fall, 0.2) == ("truncation",)
    assert collapse(fall, fall, 1 - fall, 0.2) == ("reward", "entropy", "truncation")
    assert collapse(np.zeros(0), np.zeros(0), np.zeros(0), 0.2) == ()
