"""A look's file: what is said, which runs follow; and bad input of the stage in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rftlab.analysis.looks import main
from synthetic import write_study

VARIANTS = ("baseline", "again", "advantage/group_norm_extra7", "rollouts/n8")


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A race of two looks of which every run is there."""
    path = write_study(tmp_path, variants=VARIANTS, seeds=(0, 1, 2, 3))
    document = json.loads(path.read_text())
    document["race"] = {"looks": [3, 4], "reference": 3}
    document["report"]["equivalence_margin"] = 0.2  # in distribution open at three seeds, out of it equivalent
    path.write_text(json.dumps(document))
    monkeypatch.chdir(tmp_path)
    return path


def look(plan: Path, number: int) -> dict[str, object]:
    beside = {"--plan": plan, "--expected": plan.with_name("expected.json"), "--data": plan.with_name("data.json")}
    output = plan.parent / "looks" / f"{number}.json"
    main([str(part) for option in beside.items() for part in option] + ["--look", str(number), "--output", str(output)])
    content: dict[str, object] = json.loads(output.read_text())
    return content


def test_a_look_says_what_follows(plan: Path) -> None:
    first = look(plan, 1)
    assert (first["study"], first["look"]) == ("synthetic", 1)
    said = {(row["level"], row["suite"], row["budget"]): row["verdict"] for row in first["verdicts"]}  # type: ignore[attr-defined]
    going = {level for (level, _, _), verdict in said.items() if verdict == "running"}
    assert going, "or there is nothing to test"
    assert said["again", "id", "rounds"] == "no hypothesis"
    follow = {key.split("chains/")[1] for key in first["next"]}  # type: ignore[attr-defined]
    levels = {"group_norm_extra7": "advantage/group_norm_extra7", "n8": "rollouts/n8"}
    references = {"group_norm_extra7": "baseline", "n8": "advantage/group_norm_extra7"}
    expected = {levels[level] for level in going} | {references[level] for level in going}
    assert follow == {f"{variant}/seed-3" for variant in expected}


def test_the_last_look_asks_for_nothing_and_leaves_nothing_running(plan: Path) -> None:
    last = look(plan, 2)
    assert last["next"] == []
    assert "running" not in {row["verdict"] for row in last["verdicts"]}  # type: ignore[attr-defined]


def test_a_look_taken_again_is_the_same_file(plan: Path) -> None:
    assert look(plan, 1) == look(plan, 1)


def test_a_look_that_the_race_does_not_have(plan: Path) -> None:
    with pytest.raises(SystemExit, match=r"plan.json: the race of synthetic has no look 3$"):
        look(plan, 3)


def test_a_run_that_a_look_needs_and_that_is_not_there(plan: Path) -> None:
    missing = next(plan.parent.glob("runs/**/rollouts/n8/seed-2/checkpoints.json"))
    missing.unlink()
    with pytest.raises(SystemExit, match=r"n8/seed-2/checkpoints.json: "):
        look(plan, 1)


def test_a_run_that_only_a_later_look_needs_may_be_missing(plan: Path) -> None:
    for path in plan.parent.glob("runs/**/seed-3/checkpoints.json"):
        path.unlink()
    look(plan, 1)
    with pytest.raises(SystemExit, match=r"seed-3/checkpoints.json: "):
        look(plan, 2)
