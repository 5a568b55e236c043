"""A look's file of a tuned comparison: what was chosen, which runs follow; and bad input of the stage in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rftlab.analysis.tuned_looks import main
from tuned import OTHER, TUNED, write_tuned_study


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A race of two looks of which every run is there."""
    monkeypatch.chdir(tmp_path)
    return write_tuned_study(tmp_path, monkeypatch)


def look(plan: Path, number: int) -> dict[str, Any]:
    beside = {"--plan": plan, "--expected": plan.with_name("expected.json"), "--data": plan.with_name("data.json")}
    output = plan.parent / "tuned" / f"{number}.json"
    main([str(part) for option in beside.items() for part in option] + ["--look", str(number), "--output", str(output)])
    content: dict[str, Any] = json.loads(output.read_text())
    return content


def test_look_0_chooses_and_asks_for_the_first_seeds(plan: Path) -> None:
    said = look(plan, 0)
    assert (said["study"], said["look"]) == ("synthetic", 0)
    assert {row["tuned"]: row["value"] for row in said["choices"]} == dict(zip(TUNED, (3e-4, 1e-4, 1e-4), strict=True))
    chosen = (f"baseline{OTHER}", *TUNED[1:])
    assert sorted(said["next"]) == sorted(
        f"tiny-qwen2/chains/{name}/seed-{seed}" for name in chosen for seed in range(3)
    )


def test_a_later_look_says_what_follows_of_what_was_chosen(plan: Path) -> None:
    first = look(plan, 1)
    going = {row["level"] for row in first["verdicts"] if row["verdict"] == "running"}
    assert going, "or there is nothing to test"
    assert {key.rsplit("-", 1)[1] for key in first["next"]} == {"3"}
    references = {"group_norm_extra7": f"baseline{OTHER}", "n8": "advantage/group_norm_extra7"}
    names = {"group_norm_extra7": "advantage/group_norm_extra7", "n8": "rollouts/n8"}
    expected = {names[level] for level in going} | {references[level] for level in going}
    assert {key.removeprefix("tiny-qwen2/chains/").rsplit("/", 1)[0] for key in first["next"]} == expected
    last = look(plan, 2)
    assert last["next"] == []
    assert "running" not in {row["verdict"] for row in last["verdicts"]}


def test_a_choice_needs_no_run_that_is_judged(plan: Path) -> None:
    before = look(plan, 0)
    for path in plan.parent.glob("runs/**/seed-?/checkpoints.json"):
        path.unlink()
    assert look(plan, 0) == before
    with pytest.raises(SystemExit, match=r"seed-0/checkpoints.json: "):
        look(plan, 1)


def test_a_run_that_chooses_and_is_not_there(plan: Path) -> None:
    next(plan.parent.glob(f"runs/**/n8{OTHER}/seed-1001/checkpoints.json")).unlink()
    with pytest.raises(SystemExit, match=r"n8@0.0003/seed-1001/checkpoints.json: "):
        look(plan, 0)


def test_a_look_that_there_is_not(plan: Path) -> None:
    with pytest.raises(SystemExit, match=r"plan.json: the tuned comparison of synthetic has no look 3$"):
        look(plan, 3)
    document = json.loads(plan.read_text())
    plan.write_text(json.dumps(document | {"tune": None}))
    with pytest.raises(SystemExit, match=r"plan.json: synthetic tunes nothing$"):
        look(plan, 0)
