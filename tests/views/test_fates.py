"""What became of queries: shares by hand, and agreement of seeds as published."""

from __future__ import annotations

import math

import numpy as np
import pytest

import presented
from rftlab.views.answers import Arm, SetAnswers
from rftlab.views.fates import FATES, by_set, by_variant, fates, kappa, tables, unanimous
from rftlab.views.results import Results


def bools(*rows: str) -> np.ndarray:
    return np.array([[mark == "1" for mark in row] for row in rows])


BASE = bools("00111")[0]
LAST = bools("10101", "11000")
EVER = bools("11111", "11010")


def test_every_query_has_one_fate() -> None:
    found = fates(BASE, LAST, EVER)
    assert list(found) == list(FATES)
    by_hand = {
        "learned": [0.2, 0.4],
        "forgotten": [0.2, 0.6],
        "kept": [0.4, 0.0],
        "on the way only": [0.2, 0.0],
        "never solved": [0.0, 0.0],
    }
    assert {name: shares.tolist() for name, shares in found.items()} == {
        k: pytest.approx(v) for k, v in by_hand.items()
    }
    assert sum(found.values()).tolist() == pytest.approx([1.0, 1.0])
    never = fates(bools("0000")[0], bools("0000"), bools("0010"))
    assert (never["never solved"][0], never["on the way only"][0]) == (0.75, 0.25)


def test_seeds_agree_where_all_are_right_or_all_wrong() -> None:
    assert unanimous(bools("1100", "1010", "1000")) == 0.5
    assert math.isnan(unanimous(bools("1100")))


def test_kappa_is_fleiss_by_hand() -> None:
    # shares of agreeing pairs: 1, 1/3, 1/3, 1 → 2/3; p = 5/12, by chance 25/144 + 49/144
    assert kappa(bools("1100", "1010", "1000")) == pytest.approx((2 / 3 - 74 / 144) / (1 - 74 / 144))
    assert kappa(bools("1100", "1100")) == pytest.approx(1.0)
    assert kappa(bools("10", "01")) == pytest.approx(-1.0)


def test_kappa_of_coins_is_near_zero_whatever_their_share() -> None:
    rng = np.random.default_rng(0)
    for share in (0.1, 0.5, 0.9):
        assert abs(kappa(rng.random((5, 20_000)) < share)) < 0.02


@pytest.mark.parametrize("same", [bools("000", "000"), bools("111", "111"), bools("101")])
def test_kappa_is_undefined_for_one_seed_and_without_any_variation(same: np.ndarray) -> None:
    assert math.isnan(kappa(same))


@pytest.fixture(scope="module")
def study() -> Results:
    return presented.study(variants=presented.FEW, seeds=(0, 1))


@pytest.fixture(scope="module")
def answers(study: Results) -> list[SetAnswers]:
    runs = study.plan.runs[:2]
    arm = Arm(runs, LAST, LAST, LAST | bools("01010"), EVER)
    other = Arm(runs, ~LAST, ~LAST, ~LAST, ~LAST)
    queries = tuple("abcde")
    return [
        SetAnswers("chains_test", "id", queries, BASE, {"baseline": arm, "rollouts/n8": other}),
        SetAnswers("longer", "ood", queries, BASE, {"baseline": arm}),
        SetAnswers("larger", "ood", queries, ~BASE, {"baseline": arm}),
    ]


def texts(table, label: str) -> dict[str, tuple[str, str]]:
    (row,) = [row for row in table.rows if row[0].text == label]
    return {name: (cell.text, cell.note) for name, cell in zip(table.columns, row, strict=True)}


def test_a_variants_row_has_means_over_seeds_and_their_range(study: Results, answers) -> None:
    row = texts(by_variant(study, answers, "id"), "baseline")
    assert row["learned"] == ("30.0%", "20% to 40%")
    assert row["kept"] == ("20.0%", "0% to 40%")
    assert row["seeds agree"] == ("40%", "")
    assert row["κ"][0] == f"{kappa(LAST):.2f}".replace("-", "−")
    assert row["right in the strict form"] == ("50.0%", "40% to 60%")
    assert row["in another form only"] == ("30.0%", "20% to 40%")


def test_sets_of_a_suite_count_equally(study: Results, answers) -> None:
    assert texts(by_variant(study, answers, "ood"), "baseline")["learned"] == ("25.0%", "20% to 30%")


def test_variants_are_in_the_order_of_the_report_and_those_without_answers_are_left_out(
    study: Results, answers
) -> None:
    assert [row[0].text for row in by_variant(study, answers, "id").rows] == ["baseline", "rollouts/n8"]


def test_a_set_tells_what_nobody_ever_solved(answers) -> None:
    row = texts(by_set(answers[2:]), "larger")
    assert row["right at the base model"][0] == "40%"
    assert row["never solved, by no run"][0] == "0%"
    assert row["right at the end of every run"][0] == "20%"
    nothing = Arm(answers[0].arms["baseline"].runs, *[bools("00000", "00000")] * 4)
    only = SetAnswers("longer", "ood", tuple("abcde"), BASE, {"baseline": nothing})
    assert texts(by_set([only]), "longer")["never solved, by no run"][0] == "40%"


def test_a_pair_has_a_table_a_suite_and_one_by_set(study: Results, answers) -> None:
    assert list(tables(study, answers)) == ["In distribution", "Out of distribution", "By evaluation set, of all runs"]
    assert list(tables(study, answers[:1])) == ["In distribution", "By evaluation set, of all runs"]
