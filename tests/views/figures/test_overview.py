"""The overview: levels by their effect, each comparison once, undecided ones with what would show."""

from __future__ import annotations

import dataclasses
from typing import Any

import pandas as pd
import pytest

import presented
from rftlab.views.figures.overview import overview
from rftlab.views.results import Results
from vega import data, reason, walk

N8 = "rollouts/n8\nvs advantage/group_norm_extra7"  # with what it is compared with, since that is not the baseline


@pytest.fixture(scope="module")
def study() -> Results:
    return presented.study()


def replaced(study: Results, level: str, suite: str = "", budget: str = "", **columns: object) -> Results:
    verdicts = study.verdicts.copy()
    here = verdicts["level"] == level
    here &= (verdicts["suite"] == suite) | (suite == "")
    here &= (verdicts["budget"] == budget) | (budget == "")
    for column, value in columns.items():
        verdicts.loc[here, column] = value
    return dataclasses.replace(study, verdicts=verdicts)


def order(drawn: dict[str, Any]) -> list[str]:
    """Rows from the top, the same in all panels."""
    (domain,) = {tuple(y["scale"]["domain"]) for y in walk(drawn, "y") if isinstance(y, dict) and "scale" in y}
    return list(domain)


def test_levels_come_by_their_effect_in_distribution_and_controls_last(study: Results) -> None:
    rows = data(overview(study), "at")
    within = {row["row"]: row["gain"] for row in rows if row["panel"] == "in distribution"}
    names = order(overview(study))
    assert set(names) == set(within)
    assert names[-3] == "A/A: baseline again"
    assert set(names[-2:]) == {"control/lr_0", "control/random_reward"}
    gains = [within[name] for name in names[:-3]]
    assert gains == sorted(gains, reverse=True)
    assert gains[0] > 0 > gains[-1]


def test_in_and_out_of_distribution_stand_side_by_side(study: Results) -> None:
    drawn = overview(study)
    assert [panel["title"] for panel in drawn["concat"]] == ["in distribution", "out of distribution"]
    assert {row["panel"] for row in data(drawn, "at")} == {"in distribution", "out of distribution"}


def test_a_comparison_of_both_budgets_is_one_row_and_one_that_is_not_has_two(study: Results) -> None:
    assert len(data(overview(study), "at")) == 2 * len(study.levels)
    drawn = overview(replaced(study, "n8", budget="rollouts", estimate=-0.4))
    rows = [row for row in data(drawn, "at") if row["level"] == "rollouts/n8"]
    assert len(rows) == 4
    place = order(drawn).index(N8)
    assert order(drawn)[place + 1] == "rollouts/n8\tat equal rollouts"
    assert all("slice(datum.label, 1 + indexof(datum.label, '\\t'))" in text for text in walk(drawn, "labelExpr"))


def test_every_further_budget_has_a_row_below_its_level(study: Results) -> None:
    rounds = study.verdicts[study.verdicts["budget"] == "rounds"]
    tokens = rounds.assign(budget="tokens", estimate=rounds["estimate"] - 0.1)
    drawn = overview(dataclasses.replace(study, verdicts=pd.concat([study.verdicts, tokens])))
    place = order(drawn).index(N8)
    assert order(drawn)[place + 1] == "rollouts/n8\tat equal tokens"
    apart = replaced(study, "n8", suite="ood", budget="rollouts", estimate=-0.4)
    drawn = overview(dataclasses.replace(apart, verdicts=pd.concat([apart.verdicts, tokens])))
    place = order(drawn).index(N8)
    assert order(drawn)[place + 1 : place + 3] == ["rollouts/n8\tat equal rollouts", "rollouts/n8\tat equal tokens"]
    assert {row["panel"] for row in data(drawn, "at") if row["row"] == N8} == {"in distribution", "out of distribution"}


@pytest.mark.parametrize(
    ("verdict", "beside", "decided"),
    [
        ("higher", "+6.1 higher", True),
        ("equivalent", "+6.1 equivalent", True),
        ("undecided", "+6.1 undecided, ≥ 7.9", False),
        ("too few seeds", "+6.1", False),
    ],
)
def test_what_is_said_stands_beside_the_row(study: Results, verdict: str, beside: str, decided: bool) -> None:
    drawn = overview(replaced(study, "n8", estimate=0.061, verdict=verdict, detectable=0.079))
    rows = [row for row in data(drawn, "at") if row["row"] == N8]
    assert {(row["beside"], row["decided"]) for row in rows} == {(beside, decided)}


def test_of_several_pairs_there_is_a_point_each_and_the_verdicts_are_counted() -> None:
    study = presented.study(models=("a", "b", "c"), variants=presented.FEW)
    study = replaced(study, "n8", "id", verdict="undecided", detectable=0.05)
    verdicts = study.verdicts.copy()
    of = (verdicts["level"] == "n8") & (verdicts["suite"] == "id") & (verdicts["model"] == "a")
    verdicts.loc[of, "verdict"] = "higher"
    drawn = overview(dataclasses.replace(study, verdicts=verdicts))
    rows = [row for row in data(drawn, "at") if row["row"] == N8 and row["panel"] == "in distribution"]
    assert [row["pair"] for row in rows] == ["a × chains", "b × chains", "c × chains"]
    assert [row["beside"] for row in rows] == ["1 higher, 2 undecided, ≥ 5.0", "", ""]
    assert walk(drawn, "x2") == []


def test_without_gains_it_says_so(study: Results) -> None:
    none = dataclasses.replace(study, verdicts=study.verdicts.iloc[:0])
    assert reason(overview(none)).startswith("There are no marginal gains: ")
