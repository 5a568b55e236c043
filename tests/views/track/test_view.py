"""Files → MLflow: what is shown, and that importing again changes nothing but what the files changed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import presented
from mlflow_store import (
    ENVIRONMENT,
    RUNS,
    fails,
    publish,
    shown,
    study,
)
from rftlab.views.findings import findings
from rftlab.views.track.view import IDENTITY, _note
from synthetic import ROUNDS


def test_every_run_has_every_grouping_parameter() -> None:
    publish(study(variants=("baseline", "again", "rollouts/n8"), seeds=(0, 1)))
    runs = {key: run for key, run in shown().items() if key != "summary"}
    assert len(runs) == 6
    for run in runs.values():
        assert all(run.data.params[name] and run.data.tags[name] for name in IDENTITY)
    assert {run.data.params["level"] for run in runs.values()} == {"baseline", "again", "n8"}


def test_a_bad_plan_is_told_in_one_line() -> None:
    assert "no such file" in fails("--plan", "results/none/plan.json")
    Path("plan.json").write_text("study: demo")
    assert "plan.json: not JSON" in fails("--plan", "plan.json")
    Path("plan.json").write_text("{}")
    assert "not a study's plan" in fails("--plan", "plan.json")


@pytest.mark.parametrize(("line", "reason"), [("{]", "not a JSON object"), ('{"round": 2}', "follows round")])
def test_a_bad_log_is_told_by_file_and_line(line: str, reason: str) -> None:
    plan = study()
    with (RUNS / "baseline/seed-0/metrics.jsonl").open("a") as log:
        log.write(line + "\n")
    assert f"metrics.jsonl:{ROUNDS + 1}: " in (message := fails("--plan", str(plan)))
    assert reason in message


def test_reading_a_study_imports_no_mlflow() -> None:
    code = "import sys, rftlab.views.track.__main__; sys.exit('mlflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, env=ENVIRONMENT).returncode == 0


def test_the_note_of_a_summary_says_what_was_found_and_warns_as_the_report_does(tmp_path: Path) -> None:
    """Where the tables are there, and the plan's."""
    plain = "Tables, figures and report of the study, under Artifacts."
    results = presented.study(seeds=(0, 1))
    plan, tables = presented.write(results, tmp_path)
    found = [f"- **{finding.about}**{finding.rest}" for finding in findings(results)]
    assert _note(tmp_path).splitlines()[: len(found)] == found
    assert f"\n\n{plain}\n\n**No verdicts.** This study has 2 seeds; " in _note(tmp_path)
    results.runs.query("seed == 0").to_parquet(tables / "runs.parquet")
    assert (
        _note(tmp_path)
        == f"{plain}\n\n{tables}: of other runs than {plan} has; `snakemake tables` brings them up to date"
    )
    (tables / "curves.parquet").unlink()
    assert _note(tmp_path) == plain
