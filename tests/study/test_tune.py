"""The tuned comparison: what is tuned, what its candidates are, and what cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rftlab.study.read import read_study
from rftlab.study.tune import Candidate, candidates_of
from rftlab.study.variants import variants_of
from studies import GONE, changed, refusal

RATES = [3.0e-5, 1.0e-4, 3.0e-4]
TUNE: tuple[str, Any] = ("tune", {"optimizer.lr": RATES})
BATCH = ("factors/batch", {"b8": {"rollout.queries": 8}})


def named(levels: list[str], **keys: Any) -> tuple[str, Any]:
    return "tune", {"values": {"optimizer.lr": RATES}, "levels": levels} | keys


def candidates(*edits: tuple[str, Any]) -> list[Candidate]:
    study = read_study(changed(*edits), [])
    return candidates_of(study, variants_of(study))


def test_a_study_without_it_has_no_candidates() -> None:
    assert candidates() == []


def test_all_levels_but_controls_are_tuned_and_so_is_the_baseline() -> None:
    found = candidates(TUNE, BATCH)
    tuned = ["baseline", "advantage/group_norm", "rollouts/n4", "batch/b8"]
    assert list(dict.fromkeys(one.tuned for one in found)) == tuned
    assert [one.value for one in found] == RATES * 4
    of_level = {one.value: one for one in found if one.tuned == "batch/b8"}
    assert [one.own for one in of_level.values()] == [False, True, False]
    assert of_level[1.0e-4].variant.name == "batch/b8", "its own value: the level's own runs"
    other = of_level[3.0e-4].variant
    assert (other.name, other.factor, other.level) == ("batch/b8@0.0003", "batch", "b8@0.0003")
    assert other.config["optimizer"]["lr"] == 3.0e-4
    assert other.config["rollout"]["queries"] == 8
    assert found[0].variant.name == "baseline@3e-05"


def test_what_named_levels_are_compared_with_is_tuned_as_well() -> None:
    found = candidates(named(["rollouts/n4"]), BATCH)
    assert list(dict.fromkeys(one.tuned for one in found)) == ["baseline", "advantage/group_norm", "rollouts/n4"]


def test_values_need_not_include_the_levels_own() -> None:
    assert not any(one.own for one in candidates(("tune", {"optimizer.lr": [2.0e-5, 2.0e-4]})))


def test_whole_numbers_stay_whole() -> None:
    found = candidates(("tune", {"rollout.max_new_tokens": [8, 16]}))
    assert [one.variant.name for one in found[:2]] == ["baseline", "baseline@16"]
    assert found[1].variant.config["rollout"]["max_new_tokens"] == 16


def test_a_short_form_and_a_rate_without_a_point() -> None:
    short, long = candidates(("tune", {"optimizer.lr": ["1e-5", "1e-3"]})), candidates(named([]))
    assert [one.value for one in short[:2]] == [1.0e-5, 1.0e-3]
    assert [one.tuned for one in long] == [one.tuned for one in candidates(TUNE)]


@pytest.mark.parametrize(
    ("edits", "told"),
    [
        ([("tune", {"optimizer.lr": [1.0e-4]})], "tune.optimizer.lr: two values at least are needed to choose from"),
        ([("tune", {"optimizer.lr": []})], "tune.optimizer.lr: two values at least are needed"),
        ([("tune", {"optimizer.lr": [1.0e-4, 1.0e-4]})], "tune.optimizer.lr: 0.0001 is given twice"),
        ([("tune", {})], "tune.values: this key is needed"),
        ([("tune", {"optimizer.lr": RATES, "optimizer.beta1": RATES})], "tune: at most 1 entry is possible"),
        ([("tune", {"optimizer.lr": 1.0e-4})], "tune.optimizer.lr: a list is needed, not 0.0001"),
        ([("tune", {"optimizer.lr": ["high", 1.0]})], "tune.optimizer.lr.0: a number is needed, not 'high'"),
        ([("tune", {"optimizer.lr": RATES, "levels": []})], "tune: unknown key 'optimizer.lr'; valid keys: values, "),
        (
            [("tune", {"optimizer.rate": RATES})],
            "tune.optimizer.rate: a key of the baseline that is a number is needed",
        ),
        ([("tune", {"advantage.name": RATES})], "tune.advantage.name: a key of the baseline that is a number"),
        ([("tune", {"rollout": RATES})], "tune.rollout: a key of the baseline that is a number is needed"),
        ([("tune", {"optimizer.lr": [-1.0, 1.0]})], "tune.optimizer.lr: -1 for baseline: optimizer.lr: at least 0"),
        (
            [("tune", {"rollout.queries": [2, 4]})],
            "tune.rollout.queries: 2 for baseline: it changes the rollouts of a round",
        ),
        (
            [("tune", {"rollout.redraws": [0, 3]}), ("baseline/rollout", {"queries": 4, "rollouts": 2})],
            "tune.rollout.redraws: 3 for baseline: it changes the rollouts of a round",
        ),
        (
            [("tune", {"rollout.difficulty.rollouts": [0, 3]})],
            "tune.rollout.difficulty.rollouts: 3 for baseline: it changes the rollouts of a round",
        ),
        (
            [("tune", {"optimizer.warmup": [0, 1000]})],
            "tune.optimizer.warmup: 1000 for baseline: optimizer.warmup: at most the 6 rounds of a run are possible",
        ),
        (
            [("tune", {"rollout.only": [4, 100]}), ("baseline/rollout/only", 4)],
            "baseline@100: rollout.only: 100 queries to train on, and datasets.chains has 8",
        ),
        (
            [named(["rollouts/n5"])],
            "tune.levels: 'rollouts/n5' is not one of advantage/group_norm, rollouts/n4, lr/zero",
        ),
        ([named(["baseline"])], "tune.levels: 'baseline' is not one of "),
        ([named(["rollouts/n4", "rollouts/n4"])], "tune.levels: rollouts/n4 is given twice"),
        ([named([], seeds=[7, 7])], "tune.seeds: 7 is given twice"),
        ([named([], seeds=[2, 7])], "tune.seeds: 2 is one of seeds: what is judged chooses nothing"),
        ([named([], seeds=[8]), ("seeds", {"race": [3, 9]})], "tune.seeds: 8 is one of seeds"),
        ([named(["lr/zero"])], "tune.optimizer.lr: lr/zero sets optimizer.lr itself; name the levels to be tuned"),
        (
            [TUNE, ("factors/high", {"lr": {"optimizer": {"lr": 1.0e-3}}})],
            "tune.optimizer.lr: high/lr sets optimizer itself; name the levels",
        ),
        (
            [
                named(["rollouts/n4"]),
                ("factors/advantage/group_norm", {"advantage.name": "group_norm", "optimizer.lr": 0.1}),
            ],
            "tune.optimizer.lr: advantage/group_norm sets optimizer.lr itself; it is what a level of tune.levels is",
        ),
        (
            [TUNE, ("factors", {"lr": {"zero": {"optimizer.lr": 0.0}}})],
            "tune: the study has no level that can be tuned",
        ),
        (
            [named(["still/one"]), ("factors/still", {"one": {"advantage.name": "group_mean", "inert": True}})],
            "tune.levels: still/one is inert: no value makes it learn",
        ),
        (
            [TUNE, ("evaluation/id", ["chains_test"]), ("evaluation_sets/chains_validation", GONE)],
            "tune: choosing needs a validation set of dataset 'chains' in evaluation.id",
        ),
        (
            [
                TUNE,
                BATCH,
                ("factors/heat", {"hot": {"rollout.temperature": 1.5}}),
                ("design/factorial", ["batch", "heat"]),
            ],
            "tune: effects of crossed factors are those at fixed values: remove it or design.factorial",
        ),
        (
            [named([], seeds=[*range(1000, 4000)])],
            "seeds, factors, tune: 27033 runs; at most 10000 are possible in one study",
        ),
    ],
)
def test_what_cannot_be_tuned(tmp_path: Path, edits: list[tuple[str, Any]], told: str) -> None:
    line = refusal(tmp_path, changed(*edits))
    assert line.startswith(told), line
