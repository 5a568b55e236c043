"""Curves by comparison: two lines a panel, findings first, no panel of constants."""

from __future__ import annotations

import dataclasses
from typing import Any

import pandas as pd
import pytest

import presented
from rftlab.views.comparisons import comparisons
from rftlab.views.figures.choice import BUDGETS, LEAST, LETTER, MOST, ROWS, WIDTH, Curve, by_comparison
from rftlab.views.results import Pair, Results
from vega import reason, walk

PAIR = Pair("tiny-qwen2", "chains")
ONE = Curve("height", "height", "metres", ".1f")
TWO = (ONE, Curve("weight", "weight", "grams", ".0f"))


@pytest.fixture(scope="module")
def study() -> Results:
    return presented.study()


@pytest.fixture(scope="module")
def table(study: Results) -> pd.DataFrame:
    rows = [
        {"variant": v.label, "round": r, "rollouts": 32 * r, "tokens": 300 * r, "height": 0.1 * i + r, "weight": 5.0}
        for i, v in enumerate(study.variants)
        for r in (1, 2, 3)
    ]
    return pd.DataFrame(rows)


def panels(drawn: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for row in drawn.get("vconcat", [drawn]) for panel in row["concat"]]


def lines_of(panel: dict[str, Any]) -> set[str]:
    (names,) = {tuple(f["oneOf"]) for f in walk(panel, "filter") if isinstance(f, dict) and "oneOf" in f}
    return set(names)


def test_a_panel_shows_a_level_and_its_reference_and_no_other(study: Results, table: pd.DataFrame) -> None:
    shown = panels(by_comparison(study, PAIR, table, [ONE]))
    wanted = comparisons(study, PAIR)[: len(shown)]
    assert [lines_of(panel) for panel in shown] == [{c.level.label, c.reference.label} for c in wanted]
    assert [" ".join(panel["title"]["subtitle"]) for panel in shown] == [f"vs {c.reference.label}" for c in wanted]


@pytest.mark.parametrize(("found", "count"), [(0, LEAST), (LEAST + 1, LEAST + 1), (99, MOST)])
def test_the_drawing_is_of_those_with_a_finding_or_of_the_first_few(found: int, count: int) -> None:
    study = presented.study(variants=presented.VARIANTS | {f"more/{i}": (0.0, {"x": i}) for i in range(8)})
    names = [v.level for v in study.levels if not (v.control or v.noise_floor)][:found]
    verdicts = study.verdicts.assign(verdict="undecided")
    verdicts.loc[verdicts["level"].isin(names), "verdict"] = "higher"
    study = dataclasses.replace(study, verdicts=verdicts)
    rows = [
        {"variant": v.label, "round": r, "rollouts": r, "tokens": r, "height": r}
        for v in study.variants
        for r in (1, 2)
    ]
    assert len(panels(by_comparison(study, PAIR, pd.DataFrame(rows), [ONE]))) == count


def test_with_several_curves_a_comparison_has_a_row(study: Results, table: pd.DataFrame) -> None:
    drawn = by_comparison(study, PAIR, table.assign(weight=table["round"]), TWO)
    assert [row["title"]["text"] for row in drawn["vconcat"]] == [c.label for c in comparisons(study, PAIR)[:ROWS]]
    assert {tuple(tuple(panel["title"]["text"]) for panel in row["concat"]) for row in drawn["vconcat"]} == {
        (("height",), ("weight",))
    }


def test_what_is_the_same_throughout_has_no_panel_and_is_told(study: Results, table: pd.DataFrame) -> None:
    drawn = by_comparison(study, PAIR, table, TWO)
    assert [panel["title"]["text"] for panel in panels(drawn)] == [["height"]] * ROWS
    for entry in drawn["usermeta"]["comparisons"]:
        assert (entry["panels"], entry["constant"]) == (["height"], ["weight: 5 grams"])


def test_two_lines_that_are_flat_at_different_heights_are_a_panel(study: Results, table: pd.DataFrame) -> None:
    level = comparisons(study, PAIR)[0].level.label
    table = table.assign(weight=[6.0 if name == level else 5.0 for name in table["variant"]])
    drawn = by_comparison(study, PAIR, table, TWO)
    assert drawn["usermeta"]["comparisons"][0]["panels"] == ["height", "weight"]


def test_where_all_is_constant_it_says_so(study: Results, table: pd.DataFrame) -> None:
    assert reason(by_comparison(study, PAIR, table, [TWO[1]])) == "Each of these is the same number throughout."


def test_the_list_has_every_comparison_in_order_and_every_budget(study: Results, table: pd.DataFrame) -> None:
    meta = by_comparison(study, PAIR, table, TWO)["usermeta"]
    wanted = [(c.level.name, c.group, c.level.label, c.reference.label) for c in comparisons(study, PAIR)]
    assert [(e["name"], e["group"], e["level"], e["reference"]) for e in meta["comparisons"]] == wanted
    assert meta["budgets"] == [["round", "rounds"], ["rollouts", "rollouts sampled"], ["tokens", "tokens sampled"]]
    for budget, title in BUDGETS.items():
        assert list(meta["panels"][budget]) == ["height", "weight"]
        for panel in meta["panels"][budget].values():
            (x,) = {(x["field"], x["axis"]["title"]) for x in walk(panel, "x") if isinstance(x, dict)}
            assert x == (budget, title)
            assert not [f for f in walk(panel, "filter") if isinstance(f, dict)], "its rows are chosen for it"


def test_a_curve_of_a_set_is_drawn_from_its_rows(study: Results, table: pd.DataFrame) -> None:
    both = pd.concat([table.assign(evaluation_set="a"), table.assign(evaluation_set="b", height=7.0)])
    curves = [dataclasses.replace(ONE, name=s, evaluation_set=s) for s in ("a", "b")]
    drawn = by_comparison(study, PAIR, both, curves)
    assert {tuple(entry["panels"]) for entry in drawn["usermeta"]["comparisons"]} == {("a",)}
    assert {"field": "evaluation_set", "equal": "a"} in walk(drawn["usermeta"]["panels"]["round"]["a"], "filter")


def test_extents_are_shared_and_hold_band_and_zero() -> None:
    rows = pd.DataFrame({"height": [1.0, 2.0], "low": [0.5, 1.0], "high": [3.0, 12.5]})
    assert ONE.extent(rows) == pytest.approx([1 - 1 / 12, 2 + 1 / 12], abs=1e-6)
    assert dataclasses.replace(ONE, band=True).extent(rows) == pytest.approx([-0.5, 13.5])
    assert dataclasses.replace(ONE, band=True, floor=0.0, ceiling=13.0).extent(rows) == [0.0, 13.0]
    assert dataclasses.replace(ONE, zero=True).extent(rows) == pytest.approx([-1 / 6, 2 + 1 / 6], abs=1e-6)


def test_no_heading_is_wider_than_its_panel(table: pd.DataFrame) -> None:
    name = "factor/" + "x" * 120
    study = presented.study(variants={"baseline": presented.FEW["baseline"], name: (0.1, {"optimizer.lr": 2.0})})
    rows = pd.concat([table, table[table["variant"] == "baseline"].assign(variant=name, height=0.0)])
    (panel,) = panels(by_comparison(study, PAIR, rows, [ONE]))
    assert "".join(panel["title"]["text"]) == name
    assert max(len(line) for line in panel["title"]["text"]) * LETTER <= WIDTH


def test_a_study_without_levels_says_so(table: pd.DataFrame) -> None:
    alone = presented.study(variants={"baseline": presented.FEW["baseline"]})
    assert reason(by_comparison(alone, PAIR, table, [ONE])) == "The study has no level besides its baseline."


def test_a_curve_that_is_alone_has_no_heading_where_it_is_chosen(study: Results, table: pd.DataFrame) -> None:
    for alone in (True, False):
        meta = by_comparison(study, PAIR, table, [dataclasses.replace(ONE, alone=alone)])["usermeta"]
        assert ("title" in meta["panels"]["round"]["height"]) is not alone
