"""A study's plan and tables in the one order in which everything shows them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pandas as pd
import pytest

import presented
from rftlab.errors import BadInputError
from rftlab.runfolder.study_plan import TABLES, Pair, PlannedPrimary, PlannedVariant
from rftlab.views.results import ReportedSet, Results, read_results

PAIR = Pair("tiny-qwen2", "chains")


@pytest.fixture(scope="module")
def study() -> Results:
    return presented.study(models=("tiny-qwen2", "other"), variants=presented.FEW)


def replanned(results: Results, **changes: object) -> Results:
    return dataclasses.replace(results, plan=dataclasses.replace(results.plan, **changes))


@pytest.mark.parametrize(
    ("reported", "kind"),
    [
        (ReportedSet("a", "id", None), "in-distribution"),
        (ReportedSet("a", "id", "of no matter"), "in-distribution"),
        (ReportedSet("a", "ood", None), "out-of-distribution"),
        (ReportedSet("a", "ood", "longer chains"), "out-of-distribution: longer chains"),
    ],
)
def test_a_set_says_where_it_lies(reported: ReportedSet, kind: str) -> None:
    assert reported.kind == kind


def test_the_baseline_comes_first_then_a_a_then_levels_in_the_plans_order_then_controls(study: Results) -> None:
    def variant(name: str, factor: str | None, **overrides: float) -> PlannedVariant:
        return PlannedVariant(name, factor, name, "baseline", {f"optimizer.{k}": v for k, v in overrides.items()})

    planned = [
        variant("control/x", "control"),
        variant("f/b", "f"),
        variant("lr/zero", "lr", lr=0.0),
        variant("again", "noise_floor"),
        variant("f/a", "f"),
        PlannedVariant("baseline", None, None, None, {}),
    ]
    results = replanned(study, variants=tuple(planned))
    order = ["baseline", "again", "f/b", "f/a", "control/x", "lr/zero"]
    assert [v.name for v in results.variants] == order
    assert [v.name for v in results.levels] == order[1:]


def test_pairs_are_those_of_the_plan(study: Results) -> None:
    assert study.pairs == [PAIR, Pair("other", "chains")]


def test_reported_sets_are_in_distribution_first_and_without_validation(study: Results) -> None:
    assert study.evaluation_sets(PAIR) == [
        ReportedSet("chains_test", "id", None),
        ReportedSet("longer", "ood", "longer chains"),
        ReportedSet("larger", "ood", "larger numbers"),
        ReportedSet("products", "ood", "another operator"),
        ReportedSet("words_test", "ood", "the other family"),
    ]


def test_a_pair_has_the_sets_of_its_own_suites(study: Results) -> None:
    """Of another dataset, the same set lies out of distribution."""
    suites = {"ood": ("chains_test",), "id": ("words_test", "chains_validation")}
    runs = tuple(dataclasses.replace(run, suites=suites) if run.model == "other" else run for run in study.plan.runs)
    results = replanned(study, runs=runs)
    assert [(s.name, s.suite) for s in results.evaluation_sets(Pair("other", "chains"))] == [
        ("words_test", "id"),
        ("chains_test", "ood"),
    ]
    assert len(results.evaluation_sets(PAIR)) == 5
    inside = tuple(dataclasses.replace(run, suites={"id": ("chains_test",)}) for run in study.plan.runs)
    assert [s.name for s in replanned(study, runs=inside).evaluation_sets(PAIR)] == ["chains_test"]


@pytest.mark.parametrize("table", [name for name in TABLES if name not in ("effects", "pooled")])
def test_the_rows_of_a_table_that_belong_to_a_pair(study: Results, table: str) -> None:
    frame = getattr(study, table)
    assert set(study.of(PAIR, table)["model"]) == {"tiny-qwen2"}
    assert sum(len(study.of(pair, table)) for pair in study.pairs) == len(frame)
    assert study.of(Pair("tiny-qwen2", "another"), table).empty


def test_what_is_judged_has_the_name_of_its_level_and_its_place(study: Results) -> None:
    judged = study.judged(PAIR)
    assert len(judged) == 3 * 4
    named = {"again": "again", "group_norm_extra7": "advantage/group_norm_extra7", "n8": "rollouts/n8"}
    assert judged["variant"].tolist() == [named[level] for level in judged["level"]]
    assert [panel.name for panel in study.panels(PAIR)] == [
        "in distribution, equal rounds",
        "in distribution, equal rollouts",
        "out of distribution, equal rounds",
        "out of distribution, equal rollouts",
    ]
    assert set(judged["panel"]) == {panel.name for panel in study.panels(PAIR)}
    alone = dataclasses.replace(study, verdicts=study.verdicts.query("budget == 'rounds'"))
    assert [panel.budget for panel in alone.panels(PAIR)] == ["rounds", "rounds"]


def test_a_comparison_that_both_budgets_share_is_told_once() -> None:
    study = presented.study(models=("a", "b"), variants=presented.FEW)
    rows = study.hypotheses()
    assert set(rows["budgets"]) == {"rounds and rollouts"}
    assert len(rows) == 2 * 3 * 2
    assert rows["pair"].tolist() == ["a × chains", "b × chains"] * 6
    assert rows["variant"].tolist() == [name for name in presented.FEW if name != "baseline" for _ in range(4)]
    apart = study.verdicts.copy()
    other = (apart["model"] == "b") & (apart["budget"] == "rollouts") & (apart["level"] == "n8")
    apart.loc[other & (apart["suite"] == "ood"), "estimate"] = 0.5
    rows = dataclasses.replace(study, verdicts=apart).hypotheses().query("variant == 'rollouts/n8'")
    assert rows.loc[rows["suite"] == "id", "budgets"].tolist() == ["rounds and rollouts"] * 2
    assert rows.loc[rows["suite"] == "ood", "budgets"].tolist() == ["rounds", "rounds", "rollouts", "rollouts"]
    alone = dataclasses.replace(study, verdicts=study.verdicts.query("budget == 'rounds'"))
    assert set(alone.hypotheses()["budgets"]) == {"rounds"}
    rounds = study.verdicts[study.verdicts["budget"] == "rounds"]
    tokens = dataclasses.replace(study, verdicts=pd.concat([study.verdicts, rounds.assign(budget="tokens")]))
    assert set(tokens.hypotheses()["budgets"]) == {"rounds and rollouts", "tokens"}
    assert [panel.budget for panel in tokens.panels(Pair("a", "chains"))] == ["rounds", "rollouts", "tokens"] * 2
    assert dataclasses.replace(study, verdicts=study.verdicts.iloc[:0]).hypotheses().empty


def test_the_primary_metric_in_words(study: Results) -> None:
    assert study.primary == "mean greedy accuracy over the checkpoints"
    report = dataclasses.replace(study.plan.report, primary=PlannedPrimary("pass@4", "rounds"))
    assert replanned(study, report=report).primary == "pass@4"


def test_gains_are_all_that_is_secondary(study: Results) -> None:
    gains = study.gains(PAIR)
    assert len(gains) == 3 * 5 * 7
    assert {"greedy_auc", "pass@4"} <= set(gains["metric"])


def test_gains_on_what_is_not_reported_are_left_out(study: Results) -> None:
    sets = study.plan.evaluation_sets
    hidden = replanned(
        study, evaluation_sets={**sets, "longer": dataclasses.replace(sets["longer"], split="validation")}
    )
    assert set(hidden.gains(PAIR)["evaluation_set"]) == {"chains_test", "larger", "products", "words_test"}
    assert "longer" not in set(hidden.greedy(PAIR)["evaluation_set"])


def test_greedy_accuracy_of_every_run_round_and_reported_set(study: Results) -> None:
    greedy = study.greedy(PAIR)
    assert set(greedy["metric"]) == {"greedy"}
    assert set(greedy["model"]) == {"tiny-qwen2"}
    assert len(greedy) == 4 * 3 * 5 * len(presented.CHECKPOINTS)


def test_levels_that_changed_nothing_are_named() -> None:
    study = presented.study()
    assert study.inert(study.pairs[0]) == {"kl/k3_0.001"}
    unknown = study.marginal_gains["inert"].astype(object).where(study.marginal_gains["level"] != "k3_0.001", None)
    nothing = dataclasses.replace(study, marginal_gains=study.marginal_gains.assign(inert=unknown))
    assert nothing.inert(study.pairs[0]) == set()


def test_what_was_written_is_loaded(study: Results, tmp_path: Path) -> None:
    plan, tables = presented.write(study, tmp_path)
    loaded = read_results(plan, tables)
    assert loaded.plan.variants == study.plan.variants
    for name in TABLES:
        assert getattr(loaded, name).to_json() == getattr(study, name).to_json()


@pytest.mark.parametrize("missing", ["plan.json", *(f"tables/{name}.parquet" for name in TABLES)])
def test_a_file_that_is_missing_is_named_with_the_command_that_writes_it(
    study: Results, tmp_path: Path, missing: str
) -> None:
    plan, tables = presented.write(study, tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises(BadInputError) as error:
        read_results(plan, tables)
    command = "`snakemake tables` writes a study's plan and tables"
    assert str(error.value) == f"{tmp_path / missing}: no such file; {command}"


def test_a_table_that_is_no_parquet_file_is_named(study: Results, tmp_path: Path) -> None:
    plan, tables = presented.write(study, tmp_path)
    (tables / "curves.parquet").write_bytes(b"garbage")
    with pytest.raises(BadInputError, match=r"curves.parquet: not a Parquet file"):
        read_results(plan, tables)


def test_runs_of_other_code_are_told_with_the_studys_reason(study: Results) -> None:
    assert study.other_code == ""
    runs = study.runs.assign(other_code=[True] * 3 + [False] * (len(study.runs) - 3))
    report = dataclasses.replace(study.plan.report, other_code="only logging changed")
    told = dataclasses.replace(replanned(study, report=report), runs=runs).other_code
    made = f"3 of {len(runs)} runs, or their evaluations, were made with other code than today's"
    assert told == f"{made}: only logging changed"


def test_a_cell_of_crossed_factors_is_no_level(study: Results) -> None:
    """It is compared with nothing: all that shows levels with their references leaves it out."""
    cell = PlannedVariant("a+b/1+2", "a+b", "1+2", None, {"optimizer.lr": 0.1})
    plan = dataclasses.replace(study.plan, variants=(*study.plan.variants, cell))
    crossed = dataclasses.replace(study, plan=plan)
    assert cell in crossed.variants
    assert crossed.levels == study.levels
