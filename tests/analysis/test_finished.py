"""Finished runs: the first seeds of each variant, each run read once and checked when it is asked for."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rftlab.analysis.finished import FinishedRuns, timed
from rftlab.analysis.race import rows
from rftlab.errors import BadInputError
from rftlab.runfolder.study_plan import Pair
from synthetic import runs_of, write_study

PAIR = Pair("tiny-qwen2", "chains")


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = write_study(tmp_path, variants=("baseline", "rollouts/n8", "advantage/group_norm_extra7"), seeds=(5, 0, 2))
    monkeypatch.chdir(tmp_path)
    return path


def test_first_seeds_are_those_of_the_study_in_its_order(plan: Path) -> None:
    runs: FinishedRuns = runs_of(plan)
    assert set(runs.of(PAIR, {"baseline": 2, "rollouts/n8": 1})) == {
        ("baseline", 5),
        ("baseline", 0),
        ("rollouts/n8", 5),
    }
    assert runs.of(Pair("other", "chains"), {"baseline": 2}) == {}


def test_a_run_is_read_once(plan: Path) -> None:
    runs = runs_of(plan)
    one = runs.of(PAIR, {"baseline": 1})["baseline", 5]
    assert runs.of(PAIR, {"baseline": 2})["baseline", 5] is one


def test_only_what_is_asked_for_is_read(plan: Path) -> None:
    for path in plan.parent.glob("runs/**/seed-2/checkpoints.json"):
        path.unlink()
    runs = runs_of(plan)
    assert len(runs.of(PAIR, {"baseline": 2})) == 2
    with pytest.raises(BadInputError, match=r"seed-2/checkpoints.json: "):
        runs.of(PAIR, {"baseline": 3})


def test_how_a_run_collapsed(plan: Path) -> None:
    run = runs_of(plan).of(PAIR, {"baseline": 1})["baseline", 5]
    assert run.ways_to_collapse == ()
    assert not run.other_code
    lost = run.curve.assign(accuracy=[1.0] * 5 + [0.0] * 5)
    assert type(run)(run.planned, lost, run.outcomes, False).ways_to_collapse == ("reward",)
    assert type(run)(run.planned, run.curve.iloc[:0], run.outcomes, False).ways_to_collapse == ()


def test_a_round_takes_the_median_of_its_variants_rounds(plan: Path) -> None:
    runs = runs_of(plan).of(PAIR, {"baseline": 2, "rollouts/n8": 1})
    slow = {"baseline": [1.0, 2.0, 9.0], "rollouts/n8": [4.0]}
    clocked = {
        key: dataclasses.replace(run, curve=pd.DataFrame({"seconds": np.cumsum(slow[key[0]])}))
        for key, run in runs.items()
    }
    outcomes = timed(clocked)
    assert {key: run.seconds_per_round for key, run in outcomes.items()} == {
        ("baseline", 5): 2.0,
        ("baseline", 0): 2.0,
        ("rollouts/n8", 5): 4.0,
    }
    assert outcomes["baseline", 0].position("seconds").tolist() == [0.0, 10.0, 20.0]
    empty = {key: dataclasses.replace(run, curve=run.curve.iloc[:0]) for key, run in runs.items()}
    assert {run.seconds_per_round for run in timed(empty).values()} == {None}


def test_fixed_seeds_are_a_race_of_one_look(plan: Path) -> None:
    (only,) = runs_of(plan).standings()
    assert set(only.asked.values()) == {3}
    assert only.next == {}
    document = json.loads(plan.read_text())
    assert document["race"]["looks"] == [3]


def test_so_far_says_what_the_looks_allow(plan: Path) -> None:
    standing, have = runs_of(plan).so_far()
    assert standing.looks == 1
    assert have == {PAIR: dict.fromkeys(("baseline", "rollouts/n8", "advantage/group_norm_extra7"), 3)}
    assert str(rows(standing)) == str(rows(next(runs_of(plan).standings())))  # NaN is NaN


def test_before_the_first_look_everything_is_open(plan: Path) -> None:
    next(plan.parent.glob("runs/**/rollouts/n8/seed-2/checkpoints.json")).unlink()
    standing, have = runs_of(plan).so_far()
    assert standing.looks == 0
    assert have[PAIR]["rollouts/n8"] == 2
    assert {row["verdict"] for row in rows(standing)} == {"running"}


def test_a_level_without_its_reference_is_not_there_yet(plan: Path) -> None:
    for path in plan.parent.glob("runs/**/group_norm_extra7/*/checkpoints.json"):
        path.unlink()
    _, have = runs_of(plan).so_far()
    assert have == {PAIR: {"baseline": 3}}
