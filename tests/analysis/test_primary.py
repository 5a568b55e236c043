"""What a study says of its levels: effects worked out from ``synthetic.ACCURACY``, one family, each exception."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from rftlab.analysis.primary import Comparison, comparisons
from rftlab.analysis.race import at_once
from rftlab.runfolder.study_plan import Pair, PlannedPrimary, PlannedVariant, read_plan
from simulated import known
from synthetic import outcomes_of, write_study

ALPHA, MARGIN = 0.05, 0.02
PAIR = Pair("tiny-qwen2", "chains")


def compared(folder: Path, monkeypatch: pytest.MonkeyPatch, metric: str = "greedy", **study: Any) -> list[Comparison]:
    lost, budget = study.pop("lost", []), study.pop("budget", "both")
    path = write_study(folder, **study)
    monkeypatch.chdir(folder)
    plan = read_plan(path)
    return comparisons(outcomes_of(path), plan.variants, plan.splits, PlannedPrimary(metric, budget), lost, PAIR)


def table(found: list[Comparison]) -> pd.DataFrame:
    rows = pd.DataFrame(at_once(found, alpha=ALPHA, margin=MARGIN))
    return rows.set_index(["level", "suite", "budget"]).sort_index()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    with pytest.MonkeyPatch.context() as monkeypatch:
        return table(compared(tmp_path_factory.mktemp("study"), monkeypatch))


def test_a_suite_is_the_mean_of_its_sets(whole: pd.DataFrame) -> None:
    """Out of distribution there are two sets: +.15 on the longer one and none, or −.05, on the other dataset's."""
    assert whole.loc["group_norm_extra7", "id", "rounds"]["estimate"] == pytest.approx(0.10)
    assert whole.loc["n8", "id", "rounds"]["estimate"] == pytest.approx(0.30)
    assert whole.loc["group_norm_extra7", "ood", "rounds"]["estimate"] == pytest.approx((0.10 - 0.05) / 2)
    assert whole.loc["n8", "ood", "rounds"]["estimate"] == pytest.approx((0.05 + 0.05) / 2)


def test_equal_rollouts_are_a_hypothesis_where_they_are_not_equal_rounds(whole: pd.DataFrame) -> None:
    dear = whole.loc["group_norm_extra7", "id"]
    assert dear.loc["rollouts"]["estimate"] == pytest.approx(0.35 - 0.50), "the baseline ends when it has had 40"
    same = whole.loc["n8", "id"]
    assert same.loc["rollouts"].equals(same.loc["rounds"])
    # two suites: three comparisons of two levels, of which one has both budgets alike
    assert whole["test_level"].min() == pytest.approx(ALPHA / 6)


def test_one_budget_is_half_of_the_hypotheses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = table(compared(tmp_path, monkeypatch, budget="rollouts"))
    assert set(rows.index.get_level_values("budget")) == {"rollouts"}
    assert rows["test_level"].min() == pytest.approx(ALPHA / 4)


def test_tokens_are_a_budget_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = table(compared(tmp_path, monkeypatch, budget="all"))
    assert set(rows.index.get_level_values("budget")) == {"rounds", "rollouts", "tokens"}
    # two suites: n8 at equal rounds and rollouts, and at equal tokens; the level that samples more at each of three
    assert rows["test_level"].min() == pytest.approx(ALPHA / 10)
    dear = rows.loc["group_norm_extra7", "id"]["estimate"]
    assert dear["tokens"] == pytest.approx(dear["rollouts"], abs=0.02), "responses are of 11 to 13 tokens"
    assert dear["tokens"] != dear["rollouts"]


def test_what_is_no_hypothesis_is_not_tested(whole: pd.DataFrame) -> None:
    assert set(whole.loc["again"]["verdict"]) == {"no hypothesis"}
    assert set(whole.loc["clip"]["verdict"]) == {"equivalent"}, "its weights are the baseline's, byte for byte"
    assert whole.loc[["again", "clip"]]["test_level"].isna().all()


def test_below_three_seeds_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = table(compared(tmp_path, monkeypatch, seeds=(0, 1)))
    assert set(rows.loc[["n8", "group_norm_extra7"]]["verdict"]) == {"too few seeds"}


@pytest.mark.parametrize(
    ("metric", "id_"),
    [
        ("greedy", 0.30),
        ("greedy_auc", (0.05 / 2 + (0.05 + 0.30) / 2) / 2),
        ("last_half", (0.05 + 0.30) / 2),
    ],
)
def test_metrics_of_the_curve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, metric: str, id_: float) -> None:
    """n8 against group_norm_extra7 in distribution: 0, .05, .30 at rounds 0, 5, 10."""
    assert table(compared(tmp_path, monkeypatch, metric)).loc["n8", "id", "rounds"]["estimate"] == pytest.approx(id_)


@pytest.mark.parametrize("metric", ["greedy_best_validation", "pass@1"])
def test_metrics_of_one_checkpoint_have_no_budget(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, metric: str) -> None:
    rows = table(compared(tmp_path, monkeypatch, metric))
    assert set(rows.loc["group_norm_extra7"].index.get_level_values("budget")) == {"rounds"}


def test_where_a_run_was_lost_nothing_is_called_equivalent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = compared(tmp_path / "a", monkeypatch)
    monkeypatch.chdir("/")
    collapsed = compared(tmp_path / "b", monkeypatch, lost=[("rollouts/n8", 1)])
    monkeypatch.chdir("/")
    diverged = compared(tmp_path / "c", monkeypatch, diverged={("rollouts/n8", 2): 7})
    for found, unsettled in ((whole, False), (collapsed, True), (diverged, True)):
        n8 = [one for one in found if one.variant.name == "rollouts/n8"]
        assert {one.unsettled for one in n8} == {unsettled}
        none = [dataclasses.replace(one, found=known(0.0, 0.001, 10.0, (3, 3))) for one in n8]
        said = {row["verdict"] for row in at_once(none, alpha=ALPHA, margin=MARGIN)}
        assert said == {"undecided" if unsettled else "equivalent"}


def test_controls_are_a_family_of_their_own(
    whole: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = compared(tmp_path, monkeypatch)
    control = PlannedVariant("control/n8", "control", "n8", found[0].variant.overrides, "baseline")
    assert control.control
    others = [
        Comparison(PAIR, control, one.suite, one.metric, one.budgets, one.found, False, False)
        for one in found
        if one.tested
    ]
    both = table([*found, *others])
    levels = both[both["factor"] != "control"]
    assert levels["test_level"].tolist() == pytest.approx(whole["test_level"].tolist(), nan_ok=True)
    assert levels["verdict"].tolist() == whole["verdict"].tolist()
