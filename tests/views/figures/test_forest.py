"""The forest plot: the table's numbers in points, in the order of the report."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

import presented
from rftlab.views.figures.effects import LABEL_WIDTH
from rftlab.views.figures.forest import forest
from rftlab.views.results import Pair, Results
from vega import data, reason, walk

PAIR = Pair("tiny-qwen2", "chains")


@pytest.fixture(scope="module")
def study() -> Results:
    return presented.study(variants=presented.FEW)


@pytest.fixture(scope="module")
def drawn(study: Results) -> dict[str, Any]:
    return forest(study, PAIR)


def test_the_forest_holds_the_numbers_of_the_table_in_points(study: Results, drawn: dict[str, Any]) -> None:
    rows = data(drawn, "low")
    gains = study.judged(PAIR)
    assert len(rows) == len(gains) == 3 * 4
    for row, gain in zip(rows, gains.itertuples(), strict=True):
        assert row["gain"] == pytest.approx(100 * gain.estimate, abs=5e-4)
        assert (row["low"], row["high"]) == pytest.approx((100 * gain.low, 100 * gain.high), abs=5e-4)
        assert row["verdict"] == gain.verdict
    assert {row["row"] for row in rows} == {
        "A/A: baseline again\nvs baseline",
        "advantage/group_norm_extra7\nvs baseline",
        "rollouts/n8\nvs advantage/group_norm_extra7",
    }


def test_panels_are_in_distribution_first(drawn: dict[str, Any]) -> None:
    titles = [(panel["title"]["text"], panel["title"]["subtitle"]) for panel in drawn["concat"]]
    suites, budgets = ("in distribution", "out of distribution"), ("at equal rounds", "at equal rollouts")
    assert titles == [(suite, budget) for suite in suites for budget in budgets]


def test_controls_come_last_and_say_so() -> None:
    variants = {name: presented.VARIANTS[name] for name in ("baseline", "control/lr_0", "again", "kl/k3_0.001")}
    panel = forest(presented.study(variants=variants), PAIR)["concat"][0]
    order = next(y["scale"]["domain"] for y in walk(panel, "y") if isinstance(y, dict) and "scale" in y)
    inert = "kl/k3_0.001\nvs baseline · inert"
    assert order == ["A/A: baseline again\nvs baseline", inert, "control/lr_0\nvs baseline · control"]


def test_every_panel_has_the_same_extent_with_zero_and_the_margins_in_it(study: Results) -> None:
    def extents(results: Results) -> list[list[float]]:
        return [x["scale"]["domain"] for x in walk(forest(results, PAIR), "x") if isinstance(x, dict) and "scale" in x]

    low, high = extents(study)[0]
    assert all(extent == [low, high] for extent in extents(study))
    assert low < min(0, 100 * study.judged(PAIR)["low"].min())
    assert high > 100 * study.judged(PAIR)["high"].max()
    wide = dataclasses.replace(study.plan.report, equivalence_margin=0.9)
    low, high = extents(dataclasses.replace(study, plan=dataclasses.replace(study.plan, report=wide)))[0]
    assert (low, high) == pytest.approx((-105, 105))  # a twelfth of 180 points on both sides


def test_the_margins_of_equivalence_are_dotted(study: Results, drawn: dict[str, Any]) -> None:
    rules = [v for v in walk(drawn["concat"][0], "values") if isinstance(v, list) and v and "x" in v[0]]
    assert sorted([row["x"] for row in rule] for rule in rules) == [[-2.0, 2.0], [0]]


def test_every_row_has_its_numbers_beside_it_and_an_undecided_one_what_would_have_shown(study: Results) -> None:
    verdicts = study.verdicts.assign(verdict="undecided", estimate=0.012, low=-0.01, high=0.034, detectable=0.0312)
    rows = data(forest(dataclasses.replace(study, verdicts=verdicts), PAIR), "beside")
    assert {row["beside"] for row in rows} == {"+1.2 [−1.0, +3.4], ≥ 3.1"}
    verdicts = verdicts.assign(verdict="equivalent")
    rows = data(forest(dataclasses.replace(study, verdicts=verdicts), PAIR), "beside")
    assert {row["beside"] for row in rows} == {"+1.2 [−1.0, +3.4]"}


def test_rows_are_named_at_the_left_of_each_row_of_panels(drawn: dict[str, Any]) -> None:
    named = [{y["axis"]["labels"] for y in walk(panel, "y") if "axis" in y} for panel in drawn["concat"]]
    assert drawn["columns"] == 2
    assert named == [{True}, {False}, {True}, {False}]


def test_a_gain_without_an_interval_is_a_point_alone() -> None:
    rows = data(forest(presented.study(variants=presented.FEW, seeds=(0,)), PAIR), "gain")
    assert {(row["low"], row["high"], row["verdict"]) for row in rows} == {(None, None, "too few seeds")}
    assert all(row["gain"] is not None for row in rows)


def test_long_names_are_broken_into_lines() -> None:
    name = "factor/" + "x" * 70
    study = presented.study(variants={"baseline": presented.FEW["baseline"], name: (0.1, {"optimizer.lr": 2.0})})
    (row,) = {row["row"] for row in data(forest(study, PAIR), "low")}
    assert max(map(len, row.split("\n"))) <= LABEL_WIDTH
    assert row.replace("\n", "") == f"{name}vs baseline"


def test_without_gains_it_says_so(study: Results) -> None:
    none = dataclasses.replace(study, verdicts=study.verdicts.iloc[:0])
    assert reason(forest(none, PAIR)).startswith("There are no marginal gains: ")
