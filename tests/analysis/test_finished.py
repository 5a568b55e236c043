"""Finished runs: the first seeds of each variant, each run read once and checked when it is asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rftlab.analysis.finished import FinishedRuns
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


def test_fixed_seeds_are_a_race_of_one_look(plan: Path) -> None:
    (only,) = runs_of(plan).standings()
    assert set(only.asked.values()) == {3}
    assert only.next == {}
    document = json.loads(plan.read_text())
    assert document["race"]["looks"] == [3]
