"""Variants, what each is compared with, and the runs they make."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rftlab import levels
from rftlab.advantages import Past, Round
from rftlab.study.schema import Every
from rftlab.study.variants import Run, Variant, variants_of
from studies import changed, planned, refusal


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ({"optimizer.lr": 0.0001}, "the level overrides nothing: it is the same configuration as baseline"),
        ({"optimizer.lr": "1e-4"}, "the level overrides nothing: it is the same configuration as baseline"),
        ({"advantage": "raw"}, "the level overrides nothing: it is the same configuration as baseline"),
    ],
    ids=str,
)
def test_levels_that_change_nothing(tmp_path: Path, level, expected: str) -> None:
    assert refusal(tmp_path, changed(("factors/lr/zero", level))).startswith(f"factors.lr.zero: {expected}")


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("lr/nul", "'lr/nul' is not one of baseline, advantage/group_norm, rollouts/n4"),
        ("advantage/grup_norm", "(did you mean 'advantage/group_norm'?)"),
        ("lr/zero", "'lr/zero' is not one of baseline, advantage/group_norm, rollouts/n4"),
        ("again", "'again' is not one of baseline"),
        (["baseline"], "['baseline'] is not one of baseline"),
        (None, "None is not one of baseline"),
    ],
    ids=str,
)
def test_bad_references(tmp_path: Path, reference, expected: str) -> None:
    line = refusal(tmp_path, changed(("factors/lr/zero/relative_to", reference)))
    assert line.startswith("factors.lr.zero.relative_to: ")
    assert expected in line


def test_references_in_a_circle(tmp_path: Path) -> None:
    line = refusal(tmp_path, changed(("factors/advantage/group_norm/relative_to", "rollouts/n4")))
    assert line == (
        "factors.advantage.group_norm.relative_to: advantage/group_norm → rollouts/n4 → advantage/group_norm "
        "is a circle; comparisons must end at the baseline"
    )


def test_a_level_that_is_the_same_as_the_one_it_is_compared_with(tmp_path: Path) -> None:
    same = {"advantage": {"name": "group_norm", "ddof": 1}, "rollout.statistics_rollouts": 3}
    line = refusal(tmp_path, changed(("factors/lr/zero", same | {"relative_to": "advantage/group_norm"})))
    assert line.startswith("factors.lr.zero: the level overrides nothing: it is the same configuration as advantage/")


def test_the_baseline_comes_first_then_the_noise_floor_then_every_level() -> None:
    found = planned().variants
    assert [(v.name, v.factor, v.level, v.relative_to) for v in found.values()] == [
        ("baseline", None, None, None),
        ("again", "noise_floor", "again", "baseline"),
        ("advantage/group_norm", "advantage", "group_norm", "baseline"),
        ("rollouts/n4", "rollouts", "n4", "advantage/group_norm"),
        ("lr/zero", "lr", "zero", "baseline"),
    ]
    assert all(name == variant.name for name, variant in found.items())
    assert found["again"].config == found["baseline"].config
    assert found["rollouts/n4"].overrides == {"advantage.name": "group_norm", "rollout.rollouts": 4}
    assert "again" not in variants_of(planned(("noise_floor", False)).study)


def test_a_level_may_refer_to_one_that_comes_later() -> None:
    found = planned(("factors/advantage/group_norm/relative_to", "lr/zero")).variants
    assert found["advantage/group_norm"].relative_to == "lr/zero"


def variant(queries: int, rollouts: int, statistics: int, name: str = "baseline") -> Variant:
    rollout = {"queries": queries, "rollouts": rollouts, "redraws": 0, "statistics_rollouts": statistics}
    return Variant(name, None, None, None, {}, {"rollout": rollout, "advantage": {"name": "raw"}})


@pytest.mark.parametrize(
    ("sizes", "per_round", "rounds", "every"), [((4, 1, 0), 4, 25, 3), ((4, 1, 3), 16, 7, 1), ((3, 4, 2), 18, 6, 1)]
)
def test_budgets_in_rollouts_are_spent_in_whole_rounds(sizes: Any, per_round: int, rounds: int, every: int) -> None:
    of_size = variant(*sizes)
    assert of_size.rollouts_per_round == per_round
    assert of_size.rounds(planned(("budget", {"rollouts": 100})).study) == rounds
    assert of_size.checkpoint_every(Every(rollouts=10)) == every


def test_budgets_in_rounds_and_tokens() -> None:
    small = variant(4, 1, 0)
    assert small.rounds(planned(("budget", {"rounds": 6})).study) == 6
    assert small.rounds(planned(("budget", {"tokens": 1000})).study) is None
    assert small.checkpoint_every(Every(rounds=7)) == 7


def test_a_run_is_where_its_names_say_and_the_noise_floor_shares_no_seed() -> None:
    runs = [Run("m", "d", variant(4, 1, 0, name), seed) for name in ("baseline", "again") for seed in (0, 2**31 - 1)]
    assert [run.path for run in runs[1:3]] == ["m/d/baseline/seed-2147483647", "m/d/again/seed-0"]
    assert [run.random_seed for run in runs] == [0, 2**31 - 1, 2**31, 2**32 - 1]


ZERO_AT_ONE = ["group_mean", "group_mean_batch_std", "max_likelihood", "optimal_baseline"]


@pytest.mark.parametrize("name", ZERO_AT_ONE)
def test_a_level_that_can_learn_nothing_says_so(tmp_path: Path, name: str) -> None:
    level = {"advantage.name": name}
    sizes = "rollout.rollouts + rollout.statistics_rollouts"
    why = f"advantage.name: {name} is zero everywhere unless {sizes} ≥ 2, not 1: nothing would be learnt"
    line = refusal(tmp_path, changed(("factors/advantage/own", level)))
    assert line == f"factors.advantage.own: {why}; a level that is to show that says `inert: true`"
    variants = planned(("factors/advantage/own", level | {"inert": True})).variants
    assert variants["advantage/own"].overrides == level
    assert (
        "inert"
        not in planned(("factors/advantage/own", level | {"rollout.rollouts": 2})).variants["advantage/own"].config
    )


def test_a_mean_over_the_round_needs_a_second_rollout_in_it(tmp_path: Path) -> None:
    level = {"advantage.name": "batch_mean", "rollout.queries": 1}
    size = "rollout.queries × (rollout.rollouts + rollout.statistics_rollouts)"
    line = refusal(tmp_path, changed(("factors/advantage/own", level)))
    assert f"batch_mean is zero everywhere unless {size} ≥ 2, not 1: nothing would be learnt" in line
    assert planned(("factors/advantage/own", level | {"inert": True}))
    assert planned(("factors/advantage/own", level | {"rollout.rollouts": 2}))


def test_a_baseline_that_can_learn_nothing_is_refused(tmp_path: Path) -> None:
    line = refusal(tmp_path, changed(("baseline/advantage", {"name": "group_mean"})))
    assert line.startswith("baseline: advantage.name: group_mean is zero everywhere unless ")


@pytest.mark.parametrize(("inert", "told"), [(True, "its advantages are not zero"), ("yes", "true or false is needed")])
def test_a_level_that_learns_is_not_inert(tmp_path: Path, inert: object, told: str) -> None:
    line = refusal(tmp_path, changed(("factors/lr/zero", {"optimizer.lr": 0.0, "inert": inert})))
    assert line.startswith("factors.lr.zero")
    assert told in line


@pytest.mark.parametrize(("queries", "constant"), [(16, "LEARNS_FROM"), (1, "ROUND_LEARNS_FROM")])
@pytest.mark.parametrize("name", levels.names("advantages"))
def test_what_is_zero_with_one_rollout_is_declared(name: str, queries: int, constant: str) -> None:
    """Rounds of random rewards, one rollout of each query."""
    constants, past, rng = levels.read("advantages", name).constants, Past(), np.random.default_rng(0)
    if constants.get("MINIMUM_ROLLOUTS", 1) > 1:
        return
    advantages = []
    for _ in range(8):
        rewards = (rng.random((queries, 1)) < 0.5).astype(float)
        scores = Round(
            rewards, np.full((queries, 1), 5), 1, tuple("abcdefghijklmnop"[:queries]), past, np.ones(queries)
        )
        advantages.append(levels.load("advantages", name)(scores))
        past.remember(scores)
    assert (not np.any(advantages)) == (max(constants.get("LEARNS_FROM", 1), constants.get(constant, 1)) > 1)


def test_a_greedy_response_of_each_query_is_a_rollout_of_the_budget() -> None:
    level = ("factors/lr/zero", {"advantage.name": "greedy_baseline"})
    variants = variants_of(planned(level, ("budget", {"rollouts": 24}), ("evaluation/every", {"rollouts": 12})).study)
    plain, greedy = variants["baseline"], variants["lr/zero"]
    queries = plain.config["rollout"]["queries"]
    assert greedy.rollouts_per_round == plain.rollouts_per_round + queries
