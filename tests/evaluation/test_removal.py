"""Checkpoints that a study does not keep are removed after their evaluations, and what would need them is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ended_runs import ended
from rftlab.errors import BadInputError
from rftlab.evaluation.removal import refuse_missing, remove, training_cost
from rftlab.planning.forecast import forecast
from rftlab.planning.plan import Plan
from studies import planned
from torture_snakemake import STUDY, finish, prepare


@pytest.mark.parametrize(("keep", "left"), [("final", ["round-00006"]), ("none", [])])
def test_what_is_removed_is_said(tmp_path: Path, keep: str, left: list[str]) -> None:
    run = ended(tmp_path / "run")
    before = (run / "checkpoints.json").read_bytes()
    remove(run, keep, {"suites": {}})
    assert [p.name for p in (run / "checkpoints").iterdir()] == left
    said = json.loads((run / "removed.json").read_text())
    assert said["checkpoints"] == keep
    assert [entry["round"] for entry in said["removed"]] == [2, 4, 6][: 3 - len(left)]
    assert [entry["round"] for entry in said["kept"]] == [6] * len(left)
    assert (run / "checkpoints.json").read_bytes() == before
    remove(run, keep, {"suites": {}})  # again, as after a kill
    assert json.loads((run / "removed.json").read_text()) == said


def test_a_run_without_checkpoints(tmp_path: Path) -> None:
    run = ended(tmp_path / "run", ())
    remove(run, "final", {})
    assert json.loads((run / "removed.json").read_text())["removed"] == []
    assert training_cost([run]) == "0 rollouts, 0 tokens and 1,234 s"


def test_evaluating_what_is_gone_is_refused_with_its_cost(tmp_path: Path) -> None:
    run = ended(tmp_path / "run")
    entries = json.loads((run / "checkpoints.json").read_text())["checkpoints"]
    refuse_missing(run, entries)
    remove(run, "final", {})
    with pytest.raises(BadInputError, match=r"rounds 2, 4 were removed; .* costs 60 rollouts, 600 tokens and 1,234 s"):
        refuse_missing(run, entries)


def test_the_forecast_counts_what_stays() -> None:
    def disk(keep: str) -> int:
        plan: Plan = planned(("checkpoints", keep))
        return int(forecast(plan)["totals"]["disk_bytes"])

    assert disk("none") == 0
    assert disk("keep") == 3 * disk("final") > 0  # three checkpoints a run


@pytest.mark.workflow
def test_a_study_that_keeps_the_last(tmp_path: Path) -> None:
    folder, study = tmp_path / "study", STUDY.replace("budget: {rounds: 60}", "budget: {rounds: 6}\ncheckpoints: final")
    study = study.replace("every: {rounds: 20}", "every: {rounds: 2}")
    prepare(folder, study)
    run = "results/killed/runs/tiny/sums/baseline/seed-0"
    targets = [f"{run}/removed.json", f"{run}/checkpoints.json"]  # all is too much here
    finish(folder, *targets)
    assert [p.name for p in (folder / run / "checkpoints").iterdir()] == ["round-00006"]
    outcomes = folder / "results/killed/evaluations/tiny/sums/baseline/seed-0/id.parquet"
    before = outcomes.read_bytes()

    def dry_run(text: str) -> subprocess.CompletedProcess[str]:
        (folder / "study.yaml").write_text(text)
        command = [sys.executable, "-m", "snakemake", "-n", *targets, "--configfile", "study.yaml"]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)

    assert "Nothing to be done" in dry_run(study.replace("every_seconds: 0.2", "every_seconds: 7")).stdout
    refused = dry_run(study.replace("samples: 2", "samples: 3"))
    assert refused.returncode == 1
    assert "the checkpoints of 1 runs were removed, and evaluating sums_test needs them" in refused.stderr
    assert outcomes.read_bytes() == before
    (folder / run / "checkpoints.json").unlink()
    again = dry_run(study.replace("samples: 2", "samples: 3")).stdout
    for job in ("train tiny on sums", "evaluate tiny on sums", "remove checkpoints of tiny on sums"):
        assert f"{job}: baseline, seed 0" in again
