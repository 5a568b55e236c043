"""Effects of crossed factors: by hand, and with the error they say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pytest

from rftlab.analysis.factorial import EFFECTS, crossed_levels, effect_rows, effects
from rftlab.analysis.primary import Comparison
from rftlab.analysis.runs import RunOutcomes, SetOutcomes
from rftlab.runfolder.study_plan import Pair, PlannedPrimary, PlannedVariant

PAIR = Pair("m", "d")
QUERIES = 40
MEANS = {"baseline": 0.2, "a/1": 0.3, "b/1": 0.4, "b/2": 0.5, "a+b/1+1": 0.9, "a+b/1+2": 0.4, "c/1": 0.9}


def variant(name: str) -> PlannedVariant:
    factor, _, level = name.rpartition("/")
    single = name != "baseline" and "+" not in name
    return PlannedVariant(name, factor or None, level if factor else None, "baseline" if single else None, {})


VARIANTS = [variant(name) for name in MEANS]


def run(name: str, seed: int, correct_Q: np.ndarray, rollouts: int = 8, *, finished: bool = True) -> RunOutcomes:
    """A run with one checkpoint after ten rounds, from a base model that answers nothing."""
    ids = tuple(f"{i}" for i in range(len(correct_Q)))
    correct_QP = np.stack([np.zeros(len(correct_Q)), correct_Q], axis=1)
    outcomes = SetOutcomes(ids, (0, 10), correct_QP, np.ones(2), np.zeros(2), {}, {})
    positions = [np.array([0.0, 10.0 * scale]) for scale in (1, rollouts, 100)]
    return RunOutcomes({"variant": name, "seed": seed}, finished, name, *positions, {"id": ("t",)}, {"t": outcomes})


def found(
    means: Mapping[str, float],
    rng: np.random.Generator,
    *,
    rollouts: Mapping[str, int] | None = None,
    seeds: int = 5,
    noise: float = 1.0,
    collapsed: Sequence[tuple[str, int]] = (),
) -> list[Comparison]:
    difficulty_Q = rng.normal(0, 0.2, QUERIES)
    difficulty_Q -= difficulty_Q.mean()
    runs = {}
    for name, mean in means.items():
        arm_Q = rng.normal(0, 0.05 * noise, QUERIES)
        for seed in range(seeds):
            own_Q = rng.normal(0, 0.02 * noise) + rng.normal(0, 0.1 * noise, QUERIES)
            runs[name, seed] = run(name, seed, mean + difficulty_Q + arm_Q + own_Q, (rollouts or {}).get(name, 8))
    primary = PlannedPrimary("greedy", "both")
    return effects(runs, VARIANTS, {"t": "test"}, primary, collapsed, PAIR)


def table(some: Sequence[Comparison]) -> pd.DataFrame:
    rows = pd.DataFrame(effect_rows(some, alpha=0.05, margin=0.02), columns=list(EFFECTS)).astype(EFFECTS)
    return rows.set_index(["factor", "level"]).sort_index()


def rounds(some: Sequence[Comparison]) -> pd.DataFrame:
    return table(some).query("budget == 'rounds'")


def test_effects_are_those_of_the_means_of_cells() -> None:
    rows = rounds(found(MEANS, np.random.default_rng(0), noise=0.0))
    assert rows["estimate"].to_dict() == pytest.approx(
        {
            ("a", "1"): ((0.3 - 0.2) + (0.9 - 0.4) + (0.4 - 0.5)) / 3,
            ("b", "1"): ((0.4 - 0.2) + (0.9 - 0.3)) / 2,
            ("b", "2"): ((0.5 - 0.2) + (0.4 - 0.3)) / 2,
            ("a+b", "1+1"): ((0.9 - 0.4) - (0.3 - 0.2)) / 2,
            ("a+b", "1+2"): ((0.4 - 0.5) - (0.3 - 0.2)) / 2,
        }
    )
    assert rows["kind"].to_dict()["a", "1"] == "main effect"
    assert rows["kind"].to_dict()["a+b", "1+2"] == "interaction"


def test_standard_errors_of_a_two_by_two_design_are_alike() -> None:
    """Main effects and interaction are means of four cells with weights of a half."""
    two = {name: mean for name, mean in MEANS.items() if "2" not in name and name != "c/1"}
    variants = [one for one in VARIANTS if one.name in two]
    assert crossed_levels(variants) == {"a": ["a/1"], "b": ["b/1"]}
    runs = {}
    rng = np.random.default_rng(1)
    for name, mean in two.items():
        for seed in range(4):
            runs[name, seed] = run(name, seed, mean + rng.normal(0, 0.05) + rng.normal(0, 0.1, QUERIES))
    some = effects(runs, variants, {"t": "test"}, PlannedPrimary("greedy", "both"), [], PAIR)
    assert len(some) == 3
    assert {tuple(sorted(term.weight for term in one.terms)) for one in some} == {(-0.5, -0.5, 0.5, 0.5)}
    assert {one.budgets for one in some} == {("rounds", "rollouts")}
    assert {round(one.found.df, 6) for one in some} == {round(some[0].found.df, 6)}


def test_cells_that_sample_more_are_compared_at_both_budgets() -> None:
    some = found(MEANS, np.random.default_rng(0), rollouts={"a/1": 16, "a+b/1+1": 16, "a+b/1+2": 16}, noise=0.0)
    assert {one.budgets for one in some} == {("rounds",), ("rollouts",)}
    at = table(some).set_index("budget", append=True)["estimate"]
    halved = {name: mean / 2 if name.startswith("a") else mean for name, mean in MEANS.items()}
    assert at["b", "1", "rounds"] == pytest.approx(((0.4 - 0.2) + (0.9 - 0.3)) / 2)
    assert at["a", "1", "rollouts"] == pytest.approx(
        np.mean([halved["a/1"] - 0.2, halved["a+b/1+1"] - 0.4, halved["a+b/1+2"] - 0.5])
    )


def test_other_factors_are_no_part_of_it_and_without_crossed_ones_there_are_none() -> None:
    names = {
        (row["factor"], row["level"])
        for row in effect_rows(found(MEANS, np.random.default_rng(0)), alpha=0.05, margin=0.02)
    }
    assert ("c", "1") not in names
    single = [one for one in VARIANTS if not one.crossed]
    assert effects({}, single, {}, PlannedPrimary("greedy", "both"), [], PAIR) == []


def test_where_a_cell_lost_a_run_nothing_is_equivalent() -> None:
    for lost, unsettled in (([("a+b/1+1", 3)], True), ([("c/1", 3)], False)):
        some = found(dict.fromkeys(MEANS, 0.4), np.random.default_rng(0), collapsed=lost)
        assert {one.unsettled for one in some} == {unsettled}


def test_a_design_without_effects_has_a_false_verdict_no_more_often_than_it_says() -> None:
    rng, studies = np.random.default_rng(6), 100
    false = sum(
        any(row["verdict"] in ("higher", "lower") for row in effect_rows(some, alpha=0.05, margin=0.001))
        for some in (found(dict.fromkeys(MEANS, 0.4), rng, seeds=4) for _ in range(studies))
    )
    assert false / studies <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / studies)


def test_an_interaction_is_found() -> None:
    rows = rounds(found(MEANS, np.random.default_rng(2)))
    assert rows.loc[("a+b", "1+1"), "verdict"] == "higher"
    assert rows.loc[("a+b", "1+2"), "verdict"] == "lower"
