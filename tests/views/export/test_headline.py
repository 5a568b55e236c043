"""The table of verdicts that a paper takes."""

from __future__ import annotations

import dataclasses

import pytest

import presented
from rftlab.views.export.headline import headline
from rftlab.views.results import Results


def both(results: Results, variant: str, **same: object) -> Results:
    """Results whose rows of a level are the same at both budgets."""
    factor, level = variant.split("/")
    table = results.verdicts.copy()
    place = (table["factor"] == factor) & (table["level"] == level) & (table["suite"] == "id")
    for name, value in same.items():
        table.loc[place, name] = value
    return dataclasses.replace(results, verdicts=table)


def test_it_has_the_verdicts_in_the_studys_order_in_points() -> None:
    study = presented.study(variants=presented.FEW)
    judged, table = study.judged(study.pairs[0]), headline(study)
    assert list(dict.fromkeys(table["level"])) == [v.label for v in study.levels]
    assert list(dict.fromkeys(table["suite"])) == ["in distribution", "out of distribution"]
    for row in table.itertuples():
        name = "again" if row.level.startswith("A/A") else row.level
        at = (judged["variant"] == name) & judged["budget"].isin(row.budget.split(", "))
        at &= judged["suite"] == ("id" if row.suite == "in distribution" else "ood")
        assert (100 * judged.loc[at, ["estimate", "low", "high"]]).to_numpy().tolist() == [
            pytest.approx([row.estimate, row.low, row.high])
        ] * len(row.budget.split(", "))
        assert set(judged.loc[at, "verdict"]) == {row.verdict}


def test_one_hypothesis_is_one_row() -> None:
    study = presented.study(variants=presented.FEW)
    same = {"estimate": 0.05, "low": 0.01, "high": 0.09, "p": 0.002, "verdict": "higher"}
    table = headline(both(study, "rollouts/n8", **same)).query("level == 'rollouts/n8' and suite == 'in distribution'")
    assert table[["budget", "estimate", "verdict"]].to_numpy().tolist() == [["rounds, rollouts", 5.0, "higher"]]
    table = headline(both(study, "rollouts/n8", **same | {"p": [0.001, 0.002]}))
    table = table.query("level == 'rollouts/n8' and suite == 'in distribution'")
    assert list(table["budget"]) == ["rounds", "rollouts"]


def test_only_an_undecided_row_has_what_would_have_been_found() -> None:
    table = headline(presented.study())
    undecided = table["verdict"] == "undecided"
    assert undecided.any()
    assert not undecided.all()
    assert (table["detectable"].notna() == undecided).all()


def test_rows_without_interval_are_one_as_well() -> None:
    study = presented.study(variants=presented.FEW, seeds=(0,))
    table = headline(both(study, "rollouts/n8", estimate=0.05)).query("level == 'rollouts/n8'")
    assert table["budget"].iloc[0] == "rounds, rollouts"
    assert table["low"].isna().all()


def test_every_pair_has_its_rows() -> None:
    study = presented.study(models=("a", "b"), variants=presented.FEW)
    assert list(dict.fromkeys(headline(study)["model"])) == ["a", "b"]


def test_a_study_without_levels_has_none() -> None:
    table = headline(presented.study(variants={"baseline": presented.VARIANTS["baseline"]}))
    assert table.empty
    assert table["p"].dtype == "float64"
