"""The stage: an import, imports that follow a study, and the file that says that all was imported."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from mlflow_store import (
    BASELINE,
    DB,
    ENVIRONMENT,
    RUNS,
    URI,
    edit_line,
    fails,
    finish,
    points,
    publish,
    shown,
    study,
)
from rftlab.files import read_json
from rftlab.views.track import __main__ as stage
from rftlab.views.track.view import read_view


def test_two_processes_on_a_fresh_store() -> None:
    plan = study(seeds=(0, 1))
    DB.unlink()
    command = [sys.executable, "-m", "rftlab.views.track", "--plan", str(plan), "--store", URI, "--done"]
    options: dict[str, Any] = {"stderr": subprocess.PIPE, "text": True, "env": ENVIRONMENT}
    both = [subprocess.Popen([*command, f"{i}.json"], **options) for i in (0, 1)]
    assert [(one.communicate()[1], one.returncode) for one in both] == [("", 0), ("", 0)]
    assert len(shown()) == 5
    assert points() == sum(run.points for run in read_view(plan).runs)
    assert Path("0.json").read_bytes() == Path("1.json").read_bytes()
    assert read_json(Path("0.json"))["runs"] == 4


def test_the_completion_file_depends_on_the_files_alone(capsys: pytest.CaptureFixture[str]) -> None:
    plan = study()
    for name in ("one.json", "two.json"):
        stage.main(["--plan", str(plan), "--store", URI, "--done", name])
    assert Path("one.json").read_bytes() == Path("two.json").read_bytes()
    done = read_json(Path("one.json"))
    assert (done["runs"], done["checkpoints"], done["artifacts"]) == (2, 4, 4)
    assert done["points"] == points()
    assert capsys.readouterr().out.count("\n") == 1  # the second import had nothing to say
    edit_line(RUNS / "baseline/seed-0/metrics.jsonl", 1, loss=-7.0)
    stage.main(["--plan", str(plan), "--store", URI, "--done", "three.json"])
    assert read_json(Path("three.json"))["digest"] != done["digest"]


def test_no_completion_file_while_a_run_is_under_way() -> None:
    plan = study(unfinished=[("baseline", 0)])
    assert "1 of 2 runs have not finished" in fails("--plan", str(plan), "--store", URI, "--done", "done.json")
    assert not Path("done.json").exists()


def test_follow_imports_until_all_runs_have_finished() -> None:
    plan = study(unfinished=[("baseline", 0)])
    following = threading.Thread(target=stage.follow, args=(plan, URI, 60.0, 0.05), daemon=True)
    following.start()
    deadline = time.monotonic() + 20
    while not (points() and BASELINE in shown()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert following.is_alive()
    finish(BASELINE)
    following.join(30)
    assert not following.is_alive()
    assert shown()[BASELINE].info.status == "FINISHED"


def test_follow_ends_cleanly_on_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = study(unfinished=[("baseline", 0)])

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(stage.time, "sleep", interrupt)
    with pytest.raises(SystemExit) as stop:
        stage.main(["--plan", str(plan), "--store", URI, "--follow"])
    assert stop.value.code == 0
    assert publish(plan) == {"unchanged": 3}
