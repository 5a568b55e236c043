"""Expected numbers are worked out from ``synthetic.ACCURACY`` by hand; o is what a seed adds, −.05, 0 or .05."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rftlab.analysis.marginal_gains import common_end, differences, extend
from rftlab.errors import BadInputError
from rftlab.runfolder.read import read_document
from synthetic import outcomes_of, tables_of, write_study


def gains_of(folder: Path, monkeypatch: pytest.MonkeyPatch, **study: Any) -> pd.DataFrame:
    plan = write_study(folder, **study)
    monkeypatch.chdir(folder)
    gains = tables_of(plan)["marginal_gains"]
    return gains.set_index(["evaluation_set", "level", "metric", "budget"]).sort_index()


@pytest.fixture(scope="module")
def gains(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    with pytest.MonkeyPatch.context() as monkeypatch:
        return gains_of(tmp_path_factory.mktemp("study"), monkeypatch)


@pytest.mark.parametrize(
    ("evaluation_set", "level", "expected"),
    [
        ("chains_test", "group_norm_extra7", 0.10),
        ("chains_test", "n8", 0.30),  # against group_norm_extra7, not against the baseline
        ("chains_test", "again", 0.0),
        ("longer", "group_norm_extra7", 0.10),
        ("longer", "n8", 0.05),
        ("longer", "again", 0.05),
        ("words_test", "group_norm_extra7", -0.05),
    ],
)
def test_greedy_gain_at_the_last_checkpoint(
    gains: pd.DataFrame, evaluation_set: str, level: str, expected: float
) -> None:
    row = gains.loc[evaluation_set, level, "greedy", "rounds"]
    assert row["estimate"] == pytest.approx(expected, abs=1e-12)
    assert row["low"] < row["estimate"] < row["high"]
    assert (row["n_seeds"], row["n_queries"]) == (3, 20)


def test_equal_rollouts_compare_the_dear_level_early(gains: pd.DataFrame) -> None:
    # The baseline ends at 40 rollouts, a quarter of the way to the first checkpoint (160) of the level:
    # .30 + (.50 + o − .30) / 4 against .50 + o.
    row = gains.loc["chains_test", "group_norm_extra7", "greedy", "rollouts"]
    assert row["estimate"] == pytest.approx(0.35 - 0.50)
    # Areas up to there: (.30 + .35) / 2 against the whole curve of the baseline, (.375 + .475) / 2.
    row = gains.loc["chains_test", "group_norm_extra7", "greedy_auc", "rollouts"]
    assert row["estimate"] == pytest.approx(0.325 - 0.425)


def test_equal_rollouts_are_equal_rounds_for_two_levels_that_cost_the_same(gains: pd.DataFrame) -> None:
    for metric in ("greedy", "greedy_auc"):
        by_budget = gains.loc["chains_test", "n8", metric]["estimate"]
        assert by_budget["rollouts"] == pytest.approx(by_budget["rounds"])


def test_equal_seconds_are_equal_rounds_where_rounds_take_the_same(gains: pd.DataFrame) -> None:
    for metric, level in itertools.product(("greedy", "greedy_auc"), ("n8", "group_norm_extra7")):
        by_budget = gains.loc["chains_test", level, metric]["estimate"]
        assert by_budget["seconds"] == pytest.approx(by_budget["rounds"])


def test_area_under_the_curve_starts_at_the_base_model(gains: pd.DataFrame) -> None:
    # .30 .50 .60 against .30 .45 .50
    row = gains.loc["chains_test", "group_norm_extra7", "greedy_auc", "rounds"]
    assert row["estimate"] == pytest.approx(0.475 - 0.425)


def test_the_best_validation_checkpoint_is_each_runs_own(gains: pd.DataFrame) -> None:
    # Validation picks round 5 for the baseline (test .45) and round 10 for the level (test .60).
    row = gains.loc["chains_test", "group_norm_extra7", "greedy_best_validation", "rounds"]
    assert row["estimate"] == pytest.approx(0.60 - 0.45)


def test_ties_on_validation_go_to_the_earliest(gains: pd.DataFrame) -> None:
    # The A/A variant has .45 at both checkpoints: round 5, test .40.
    assert gains.loc["chains_test", "again", "greedy_best_validation", "rounds"]["estimate"] == pytest.approx(-0.05)


def test_sampled_metrics(gains: pd.DataFrame) -> None:
    # 3 of 4 samples of a solved query are correct and 1 of 4 of another: pass@1 .75 and .25, pass@2 1 and .5, pass@4 1.
    of_n8 = gains.loc["chains_test", "n8"]["estimate"].droplevel("budget")
    assert of_n8["pass@1"] == pytest.approx(0.15)
    assert of_n8["pass@2"] == pytest.approx(0.15)
    assert of_n8["pass@4"] == 0
    # Of four tied answers one is right, .25, so a query more solved is worth .75. But the wrong samples of the last
    # query are cut off and do not vote: its majority is right either way, and its gain is 0.
    assert 0.75 * (0.30 - 1 / 20) - 1e-9 <= of_n8["maj@4"] <= 0.75 * 0.30 + 1e-9


def test_single_checkpoint_metrics_have_one_budget(gains: pd.DataFrame) -> None:
    budgets = gains.reset_index().groupby("metric")["budget"].unique().map(set).to_dict()
    assert budgets["greedy"] == budgets["greedy_auc"] == {"rounds", "rollouts", "tokens", "seconds"}
    assert all(budgets[metric] == {"rounds"} for metric in budgets if metric not in ("greedy", "greedy_auc"))


def test_validation_sets_are_never_effects(gains: pd.DataFrame) -> None:
    sets = gains.reset_index()[["evaluation_set", "suite"]].drop_duplicates()
    assert sorted(map(tuple, sets.to_numpy())) == [("chains_test", "id"), ("longer", "ood"), ("words_test", "ood")]


def test_a_level_with_the_weights_of_its_reference_is_inert(gains: pd.DataFrame) -> None:
    assert gains[gains["inert"]].index.get_level_values("level").unique().tolist() == ["clip"]
    row = gains.loc["chains_test", "clip", "greedy", "rounds"]
    assert (row["estimate"], row["p"]) == (0, 1)
    assert row["high"] == -row["low"] > 0.1, "of the weights it is known, of twenty queries alone it would not be"


def test_one_seed_has_no_interval(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    two = gains_of(tmp_path / "two", monkeypatch, seeds=(0, 1))
    assert two["low"].notna().all()
    one = gains_of(tmp_path / "one", monkeypatch, seeds=(1,))
    assert one[["low", "high", "p"]].isna().all(axis=None)
    assert one.loc["chains_test", "n8", "greedy", "rounds"]["estimate"] == pytest.approx(0.30)


def test_only_seeds_of_both_runs_are_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_study(tmp_path)
    plan = read_document(path)
    plan["runs"] = [run for run in plan["runs"] if (run["variant"], run["seed"]) != ("advantage/group_norm_extra7", 0)]
    monkeypatch.chdir(tmp_path)
    gains = tables_of(path, plan)["marginal_gains"]
    seeds = gains.groupby("level")["n_seeds"].unique()
    assert {level: list(n) for level, n in seeds.items()} == {
        "again": [3],
        "clip": [3],
        "group_norm_extra7": [2],
        "n8": [2],
    }
    plan["runs"] = [run for run in plan["runs"] if run["variant"] != "advantage/group_norm_extra7"]
    with pytest.raises(BadInputError, match="level rollouts/n8: no seed in common with its reference"):
        tables_of(path, plan)


def test_without_validation_sets_no_checkpoint_is_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_study(tmp_path)
    plan = read_document(path)
    monkeypatch.chdir(tmp_path)
    for run in plan["runs"]:  # outcomes of more sets than are asked for are no harm
        run["suites"]["id"].remove("chains_validation")
    gains = tables_of(path, plan)["marginal_gains"]
    assert "greedy_best_validation" not in set(gains["metric"])
    assert {"greedy", "greedy_auc", "pass@1"} <= set(gains["metric"])


def test_a_level_that_was_not_run_on_a_dataset_has_no_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_study(tmp_path)
    plan = read_document(path)
    monkeypatch.chdir(tmp_path)
    plan["runs"] = [run for run in plan["runs"] if run["variant"] != "rollouts/n8"]
    assert "n8" not in set(tables_of(path, plan)["marginal_gains"]["level"])


def test_runs_that_answered_different_queries_are_not_paired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = write_study(tmp_path, variants=("baseline", "ratio/clip"))
    monkeypatch.chdir(tmp_path)
    runs = outcomes_of(plan)
    cut = runs["ratio/clip", 1]
    outcomes = dataclasses.replace(cut.sets["longer"], queries=cut.sets["longer"].queries[:-1])
    cut = dataclasses.replace(cut, sets={**cut.sets, "longer": outcomes})
    with pytest.raises(BadInputError, match="longer: ratio/clip/seed-1 and baseline/seed-1 answered different queries"):
        list(differences(cut, runs["baseline", 1], "longer", {}))


def test_a_diverged_run_stays_at_its_last_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gains = gains_of(tmp_path, monkeypatch, diverged={("rollouts/n8", 2): 7})
    of_n8 = gains.loc["chains_test", "n8"]
    # Seed 2 (o = .05) is left with round 5: .60 against .65; the others gain .30 as before.
    assert of_n8.loc["greedy", "rounds"]["estimate"] == pytest.approx((0.30 + 0.30 - 0.05) / 3)
    # .30 .60 .60 against .30 .55 .65; the others .30 .55 .90 against .30 .50 .60.
    assert of_n8.loc["greedy_auc", "rounds"]["estimate"] == pytest.approx((0.10 + 0.10 + 0.525 - 0.5125) / 3)
    assert of_n8.loc["greedy", "rollouts"]["estimate"] == pytest.approx((0.30 + 0.30 - 0.05) / 3)
    assert of_n8.loc["pass@1", "rounds"]["estimate"] == pytest.approx((0.30 + 0.30 - 0.05) / 3 / 2)
    assert set(of_n8["n_diverged"]) == {1}
    assert set(gains.loc["chains_test", "group_norm_extra7"]["n_diverged"]) == {0}


def test_a_run_that_diverged_before_its_first_checkpoint_leaves_the_base_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gains = gains_of(tmp_path, monkeypatch, diverged={("rollouts/n8", 2): 3})
    of_n8 = gains.loc["chains_test", "n8"]
    assert of_n8.loc["greedy", "rounds"]["estimate"] == pytest.approx((0.30 + 0.30 + 0.30 - 0.65) / 3)
    assert not of_n8["inert"].any()


def test_where_a_pair_is_compared() -> None:
    assert common_end([(40, True), (320, True)]) == 40
    assert common_end([(160, False), (320, True)]) == 320
    assert common_end([(160, False), (40, True)]) == 40
    assert common_end([(160, False), (40, False)]) == 160


def test_an_extended_curve_is_flat_from_its_last_point() -> None:
    x, y = extend(np.array([0.0, 5.0]), np.array([[0.0, 1.0]]), 10)
    assert (x.tolist(), y.tolist()) == ([0, 5, 10], [[0, 1, 1]])
    x, y = extend(np.array([0.0, 5.0]), np.array([[0.0, 1.0]]), 5)
    assert (x.tolist(), y.tolist()) == ([0, 5], [[0, 1]])
