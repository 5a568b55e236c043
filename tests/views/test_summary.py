"""The numbers of the report's prose and tables."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import presented
from rftlab.errors import BadInputError
from rftlab.runfolder.study_plan import StudyPlan
from rftlab.views import summary
from rftlab.views.results import Results
from rftlab.views.summary import Cell, RunRecords, Table

SECONDS = {"sample_s": 6.0, "score_s": 1.0, "update_s": 3.0}


@pytest.fixture(scope="module")
def study() -> Results:
    return presented.study(variants=presented.FEW)


def records(*changes: dict[str, Any]) -> RunRecords:
    """The provenance of as many runs as there are changes."""
    return RunRecords([presented.PROVENANCE | change for change in changes], SECONDS)


def column(table: Table, name: str) -> list[str]:
    return [row[table.columns.index(name)].text for row in table.rows]


def test_it_counts_how_the_runs_of_each_variant_ended() -> None:
    study = presented.study()
    study.runs.loc[study.runs["variant"] == "control/lr_0", "status"] = "diverged"
    table = summary.endings(study)
    assert table.columns == [
        "variant",
        "runs",
        "diverged",
        "collapsed: nothing correct",
        "collapsed: no entropy",
        "collapsed: all truncated",
    ]
    counts = dict(zip((v.name for v in study.variants), table.rows, strict=True))
    runs = (study.runs["variant"] == "baseline").sum()
    pairs = len(study.pairs)
    assert [cell.text for cell in counts["baseline"][1:]] == [str(runs), "0", "0", "0", "0"]
    assert [cell.text for cell in counts["control/lr_0"][1:]] == [str(runs), str(runs), "0", "0", "0"]
    assert [cell.text for cell in counts["optimizer/lr_3e-4"][1:]] == [str(runs), "0", "0", str(pairs), "0"]


def test_runs_table_has_the_keys_that_differ_and_no_others(study: Results) -> None:
    columns = summary.runs(study).columns
    assert "rollout.rollouts" in columns
    assert "rollout.temperature" not in columns
    assert summary.shared_configuration(study)["rollout.temperature"] == "1"


def test_forms_of_answers_at_the_base_model_and_the_last_checkpoint(study: Results) -> None:
    table = summary.forms(study, study.pairs[0])
    assert table.columns == ["evaluation set", "strict", "flexible", "in the strict form", "cut off", "not judged"]
    assert [row[0].text for row in table.rows] == [s.name for s in study.evaluation_sets(study.pairs[0])]
    shares = ["30.0% → 40.0%", "40.0% → 50.0%", "60.0% → 70.0%", "10.0% → 20.0%", "0.0% → 10.0%"]
    assert all([cell.text for cell in row[1:]] == shares for row in table.rows)


def test_learning_compares_the_base_model_with_the_last_checkpoint(study: Results) -> None:
    row = summary.learning(study, study.pairs[0]).rows[0]
    greedy = study.greedy(study.pairs[0])
    last = greedy.query("variant == 'baseline' and round == 60 and evaluation_set == 'chains_test'")["value"]
    assert row[1].text == "28.1%"  # 72 of 256
    assert row[2].text == f"{last.mean():.1%}"


def test_one_seed_has_no_spread() -> None:
    table = summary.learning(presented.study(variants=presented.FEW, seeds=(0,)), presented.study().pairs[0])
    assert {row[2].note for row in table.rows} == {"one seed"}


def test_the_spread_is_from_the_lowest_to_the_highest_seed(study: Results) -> None:
    table = summary.learning(study, study.pairs[0])
    last = study.greedy(study.pairs[0]).query("variant == 'baseline' and round == 60 and evaluation_set == 'longer'")
    row = next(row for row in table.rows if row[0].text == "longer")
    assert row[2].note == f"{last['value'].min():.1%} to {last['value'].max():.1%}"
    assert (row[0].note, row[3]) == ("out-of-distribution: longer chains", Cell("256", 256))


def test_records_of_all_runs_are_read_and_their_seconds_added_up(
    study: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_below(study, tmp_path)
    monkeypatch.chdir(tmp_path)
    found = summary.read_run_records(plan)
    assert found.provenance == [presented.PROVENANCE] * 12
    rounds = 12 * presented.ROUNDS
    assert found.seconds == pytest.approx({"sample_s": 0.2 * rounds, "score_s": 0.0, "update_s": 0.1 * rounds})
    (tmp_path / plan.runs[3].folder / "provenance.json").unlink()
    with pytest.raises(BadInputError, match=rf"{plan.runs[3].folder}/provenance.json: no such file"):
        summary.read_run_records(plan)


def plan_below(study: Results, folder: Path) -> StudyPlan:
    """The plan of the study written to a folder, paths relative to it."""
    presented.write(study, folder)
    return dataclasses.replace(
        study.plan, runs=tuple(dataclasses.replace(run, folder=f"runs/{run.key}") for run in study.plan.runs)
    )


def test_the_cost_is_summed_over_runs(study: Results) -> None:
    rollouts = 60 * (3 * 32 + 3 * 32 + 3 * 256 + 3 * 256)
    assert summary.cost(study, records()) == {
        "Runs": "12, none diverged",
        "Rollouts": f"{rollouts:,}",
        "Tokens sampled": f"{study.runs['tokens'].sum():,}",
        "Seconds of training": "216, summed over runs (60% sampling, 10% scoring, 30% updating)",
    }


def test_the_cost_counts_runs_that_diverged_and_knows_a_study_without_seconds(study: Results) -> None:
    status = ["diverged", "diverged", *["finished"] * 10]
    found = summary.cost(
        dataclasses.replace(study, runs=study.runs.assign(status=status)),
        RunRecords([], dict.fromkeys(SECONDS, 0.0)),
    )
    assert found["Runs"] == "12, of which 2 diverged"
    assert found["Seconds of training"].endswith("summed over runs (none)")


def test_provenance_that_differs_between_runs_is_counted(study: Results) -> None:
    found = summary.provenance(
        study,
        records(
            {"commit": "abc"},
            {"commit": "abc", "dirty": True},
            {"commit": None, "dirty": None, "packages": {"torch": "2.13.0", "vllm": "0.9"}},
            {"commit": "abc"},
        ),
    )
    assert found["Commit"] == [
        "abc (2 runs)",
        "abc with local changes (1 runs)",
        "not in a git repository (1 runs)",
    ]
    assert found["Python"] == ["3.11.7"]
    assert found["Platform"] == ["Linux-x86_64, 1 threads"]
    assert found["torch"] == ["2.13.0"]
    assert found["vllm"] == ["absent (3 runs)", "0.9 (1 runs)"]
    assert found["Seeds"] == ["0, 1, 2"]
    assert found["Models"] == ["tiny-qwen2: aaaaaaaaaaaaaaaa"]
    assert found["Datasets"] == ["chains: bbbbbbbbbbbbbbbb"]
    assert found["Evaluation sets"] == [f"{name}: 0123456789abcdef" for name in presented.SETS]


@pytest.mark.parametrize(
    ("values", "counted"),
    [
        (["a", "a"], ["a"]),
        (["a", "b", "b"], ["b (2 runs)", "a (1 runs)"]),
        ([1], ["1"]),
        ([], []),
    ],
)
def test_several_values_are_counted_the_most_frequent_first(values: list[str], counted: list[str]) -> None:
    assert summary.with_counts(values) == counted


def test_gains_have_a_row_a_level_and_a_column_a_suite_and_budget(study: Results) -> None:
    table = summary.gains(study, study.pairs[0])
    assert table.columns == ["level", *(panel.name for panel in study.panels(study.pairs[0]))]
    assert column(table, "level") == ["A/A: baseline again", "advantage/group_norm_extra7", "rollouts/n8"]
    gain = study.judged(study.pairs[0]).query("variant == 'rollouts/n8' and suite == 'id' and budget == 'rollouts'")
    assert table.rows[2][2] == summary.verdict_cell(gain.iloc[0])


def test_a_level_that_was_not_judged_somewhere_says_so(study: Results) -> None:
    rows = study.verdicts.query("not (level == 'n8' and budget == 'rollouts')")
    table = summary.gains(dataclasses.replace(study, verdicts=rows), study.pairs[0])
    assert column(table, "in distribution, equal rollouts")[2] == "not evaluated"
    assert column(table, "in distribution, equal rounds")[2] != "not evaluated"
    rows = study.verdicts.query("level != 'n8'")
    assert "rollouts/n8" not in column(
        summary.gains(dataclasses.replace(study, verdicts=rows), study.pairs[0]), "level"
    )


def test_other_gains_have_a_column_a_metric_and_budget(study: Results) -> None:
    pair = study.pairs[0]
    longer = next(s for s in study.evaluation_sets(pair) if s.name == "longer")
    table = summary.other_gains(study, pair, longer)
    assert table.columns == [
        "level",
        "greedy, equal rounds",
        "greedy, equal rollouts",
        "greedy_auc, equal rounds",
        "greedy_auc, equal rollouts",
        "greedy_best_validation, equal rounds",
        "pass@4, equal rounds",
        "maj@4, equal rounds",
    ]
    gains = study.marginal_gains.query("not (metric == 'pass@4' and level == 'n8')")
    table = summary.other_gains(dataclasses.replace(study, marginal_gains=gains), pair, longer)
    assert column(table, "pass@4, equal rounds")[2] == "–"
    assert column(table, "maj@4, equal rounds")[2] != "–"


@pytest.mark.parametrize(
    ("estimate", "low", "high", "verdict", "level", "cell"),
    [
        (0.052, 0.011, 0.093, "higher", 0.01, Cell("+5.2", 0.052, "[+1.1, +9.3]\nhigher, p = 0.0021", "higher")),
        (-0.052, -0.093, -0.011, "lower", 0.01, Cell("−5.2", -0.052, "[−9.3, −1.1]\nlower, p = 0.0021", "lower")),
        (
            0.01,
            -0.01,
            0.03,
            "undecided",
            0.01,
            Cell("+1.0", 0.01, "[−1.0, +3.0]\nundecided, p = 0.0021\nwould show ≥ 4.4", "undecided"),
        ),
        (
            0.0,
            math.nan,
            math.nan,
            "too few seeds",
            math.nan,
            Cell("+0.0", 0.0, "no interval\ntoo few seeds", "too-few-seeds"),
        ),
    ],
)
def test_what_is_judged_has_its_verdict_and_its_p(
    estimate: float, low: float, high: float, verdict: str, level: float, cell: Cell
) -> None:
    row = SimpleNamespace(
        estimate=estimate,
        low=low,
        high=high,
        verdict=verdict,
        p=0.0021,
        test_level=level,
        detectable=0.044,
        chance=math.nan,
    )
    assert summary.verdict_cell(row) == cell
    assert summary.gain_cell(row).note == cell.note.partition(verdict)[0].strip()


def test_a_level_says_what_it_is_relative_to_and_what_it_is() -> None:
    study = presented.study()
    cells = {v.name: summary.level_cell(v, study.inert(study.pairs[0])) for v in study.levels}
    assert cells["again"] == Cell("A/A: baseline again", "A/A: baseline again", "vs baseline")
    assert cells["rollouts/n8"].note == "vs advantage/group_norm_extra7"
    assert cells["kl/k3_0.001"].note == "vs baseline · inert"
    assert cells["control/lr_0"].note == "vs baseline · control"


def test_runs_are_in_the_order_of_variants_and_seeds(study: Results) -> None:
    shuffled = dataclasses.replace(study, runs=study.runs.iloc[::-1])
    table = summary.runs(shuffled)
    labels = ["baseline", "A/A: baseline again", "advantage/group_norm_extra7", "rollouts/n8"]
    assert column(table, "variant") == [label for label in labels for _ in range(3)]
    assert column(table, "seed") == ["0", "1", "2"] * 4
    assert column(table, "rollout.rollouts") == ["1"] * 9 + ["8"] * 3
    assert "model × dataset" not in table.columns


def test_every_run_begins_with_its_accuracies_at_the_last_checkpoint(study: Results) -> None:
    table = summary.runs(study)
    sets = [s.name for s in study.evaluation_sets(study.pairs[0])]
    assert table.columns[: 2 + len(sets)] == ["variant", "seed", *sets]
    greedy = study.greedy(study.pairs[0]).query("variant == 'rollouts/n8' and seed == 1 and round == 60")
    expected = greedy.set_index("evaluation_set")["value"]
    (row,) = [row for row in table.rows if (row[0].text, row[1].text) == ("rollouts/n8", "1")]
    assert [cell.text for cell in row[2 : 2 + len(sets)]] == [f"{expected[name]:.1%}" for name in sets]
    without = study.evaluations[study.evaluations["evaluation_set"] != sets[0]]
    assert set(column(summary.runs(dataclasses.replace(study, evaluations=without)), sets[0])) == {"–"}


def test_runs_of_several_pairs_begin_with_their_pair() -> None:
    table = summary.runs(presented.study(models=("a", "b"), variants=presented.FEW, seeds=(0,)))
    assert column(table, "model × dataset") == ["a × chains"] * 4 + ["b × chains"] * 4


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, Cell("–")),
        (math.nan, Cell("–")),
        (True, Cell("yes")),
        ("text", Cell("text", "text")),
        (1234567.0, Cell("1,234,567", 1234567.0)),
        (-3, Cell("−3", -3.0)),
        (-0.123456, Cell("−0.1235", -0.123456)),
        (1e-4, Cell("0.0001", 1e-4)),
    ],
)
def test_values_of_a_run_as_people_read_them(study: Results, value: object, cell: Cell) -> None:
    """In a column that has other values too, so that it is shown."""
    values = [value, *["other"] * 11]
    table = summary.runs(dataclasses.replace(study, runs=study.runs.assign(**{"config.x": values})))
    assert table.rows[0][table.columns.index("x")] == cell


def test_what_all_runs_share_is_not_in_their_table(study: Results) -> None:
    shared = summary.shared_configuration(study)
    columns = summary.runs(study).columns
    keys = {name.removeprefix("config.") for name in study.runs.columns if name.startswith("config.")}
    assert {key for key in keys if key in columns} == keys - set(shared)
    assert shared["optimizer.lr"] == "0.0001"


def test_what_only_some_runs_have_is_not_shared(study: Results) -> None:
    some = dataclasses.replace(study, runs=study.runs.assign(**{"config.x": ["only here", *[None] * 11]}))
    assert "x" not in summary.shared_configuration(some)
    assert column(summary.runs(some), "x") == ["only here", *["–"] * 11]


def test_an_undecided_level_that_was_stopped_says_so(study: Results) -> None:
    row = next(study.judged(study.pairs[0]).assign(verdict="undecided", chance=0.04).itertuples())
    assert "stopped: more seeds would hardly tell" in summary.verdict_cell(row).note
    assert "stopped" not in summary.verdict_cell(row._replace(chance=float("nan"))).note
    assert "stopped" not in summary.verdict_cell(row._replace(verdict="running")).note
