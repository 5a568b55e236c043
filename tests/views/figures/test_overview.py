"""The overview: every gain in points, clear ones marked, one scale of colour for all."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

import presented
from rftlab.views.figures.overview import overview
from rftlab.views.figures.style import COLOURS
from rftlab.views.results import Pair, Results
from vega import reason, walk

PAIR = Pair("tiny-qwen2", "chains")


@pytest.fixture(scope="module")
def study() -> Results:
    return presented.study(variants=presented.FEW)


def with_estimates(study: Results, **columns: object) -> Results:
    return dataclasses.replace(study, verdicts=study.verdicts.assign(**columns))


def ramp(drawn: dict[str, Any]) -> dict[str, Any]:
    """The one scale of colour."""
    scales = [c["scale"] for c in walk(drawn, "color") if isinstance(c, dict) and "scale" in c]
    assert all(scale == scales[0] for scale in scales)
    return scales[0]


def test_it_holds_the_gains_of_the_table_in_points(study: Results) -> None:
    rows = overview(study)["datasets"]["tiny-qwen2 × chains"]
    gains = study.judged(PAIR)
    assert len(rows) == len(gains) == 3 * 4
    for row, gain in zip(rows, gains.itertuples(), strict=True):
        assert row["gain"] == pytest.approx(100 * gain.estimate, abs=5e-3)
        assert (row["verdict"], row["panel"], row["relative_to"]) == (
            gain.verdict,
            gain.panel,
            gain.relative_to,
        )


@pytest.mark.parametrize(
    ("verdict", "clear"),
    [("higher", True), ("lower", True), ("equivalent", False), ("undecided", False), ("too few seeds", False)],
)
def test_only_higher_and_lower_are_clear(study: Results, verdict: str, clear: bool) -> None:
    rows = overview(with_estimates(study, verdict=verdict))["datasets"][str(PAIR)]
    assert {row["clear"] for row in rows} == {clear}


def test_rows_and_columns_are_in_the_order_of_the_report(study: Results) -> None:
    (panel,) = overview(study)["concat"]
    orders = {name: walk(panel, name)[0]["scale"]["domain"] for name in ("x", "y")}
    assert orders["x"] == [
        "in distribution, equal rounds",
        "in distribution, equal rollouts",
        "out of distribution, equal rounds",
        "out of distribution, equal rollouts",
    ]
    assert orders["y"] == ["A/A: baseline again", "advantage/group_norm_extra7", "rollouts/n8"]
    assert "title" not in panel


def test_white_is_zero_and_the_largest_gain_of_any_pair_has_the_strongest_colour() -> None:
    study = presented.study(models=("a", "b"), variants=presented.FEW)
    gains = study.verdicts
    assert set(gains["model"]) == {"a", "b"}
    drawn = overview(with_estimates(study, estimate=gains["model"].map({"a": 0.02, "b": -0.4})))
    assert ramp(drawn)["domain"] == [-40, 0, 40]
    assert ramp(drawn)["range"] == [COLOURS[1], "#ffffff", COLOURS[0]]
    assert [panel["title"] for panel in drawn["concat"]] == ["a × chains", "b × chains"]
    assert drawn["columns"] == 2


def test_gains_below_a_point_stay_pale(study: Results) -> None:
    assert ramp(overview(with_estimates(study, estimate=0.001)))["domain"] == [-1, 0, 1]


def test_a_pair_without_gains_has_no_panel(study: Results) -> None:
    both = presented.study(models=("a", "b"), variants=presented.FEW)
    of_one = dataclasses.replace(both, verdicts=both.verdicts.query("model == 'b'"))
    assert list(overview(of_one)["datasets"]) == ["b × chains"]
    assert len(overview(of_one)["concat"]) == 1
    none = dataclasses.replace(study, verdicts=study.verdicts.iloc[:0])
    assert reason(overview(none)).startswith("There are no marginal gains: ")
