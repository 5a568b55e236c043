"""A terminal and a locale that know ASCII alone: every command works, or ends in one line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from checkout import copy_code
from dry_runs import environment
from studies import TEXT
from synthetic import write_study

ASCII = {"LANG": "C", "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
STUDY = f"{TEXT}description: Étude naïve × 模型\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "study.yaml").write_text(STUDY, encoding="utf-8")
    (tmp_path / "name.yaml").write_text(STUDY.replace("study: small", "study: étude"), encoding="utf-8")
    (tmp_path / "level.yaml").write_text(STUDY.replace("  lr: {zero", "  taux: {zéro"), encoding="utf-8")
    (tmp_path / "rows.jsonl").write_text('{"answer": "1", "completion": "c\'était → 1"}\n', encoding="utf-8")
    return tmp_path


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env=environment() | ASCII,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert "UnicodeEncodeError" not in done.stderr
    return done


@pytest.mark.parametrize(
    "command",
    [
        ("plan", "study.yaml"),
        ("plan", "--json", "study.yaml"),
        ("catalogue",),
        ("score", "rows.jsonl", "--reward", "numeric"),
        ("fetch", "study.yaml"),
        ("--help",),
        ("plan", "--help"),
    ],
    ids=" ".join,
)
def test_commands_work(folder: Path, command: tuple[str, ...]) -> None:
    done = run(folder, "rftlab.cli", *command)
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.parametrize(
    "command",
    [
        ("plan", "name.yaml"),
        ("plan", "level.yaml"),
        ("plan", "é.yaml"),
        ("show", "study.yaml"),
        ("show", "name.yaml"),
        ("track", "study.yaml"),
        ("fetch", "name.yaml"),
        ("score", "é.jsonl", "--reward", "numeric"),
        ("score", "rows.jsonl", "--reward", "é"),
    ],
    ids=ascii,
)
def test_what_is_refused_is_refused_in_a_line(folder: Path, command: tuple[str, ...]) -> None:
    done = run(folder, "rftlab.cli", *command)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, done.stderr


def test_results_are_imported(folder: Path) -> None:
    plan = write_study(folder, seeds=(0,))
    text = plan.read_text(encoding="utf-8")
    plan.write_text(text.replace('"description": "', '"description": "Étude × ', 1), encoding="utf-8")
    done = run(folder, "rftlab.cli", "track", str(plan.parent))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.workflow
@pytest.mark.parametrize(
    ("study", "said"),
    [(TEXT, ""), (STUDY, "U+00C9"), (TEXT.replace("study: small", "study: étude"), "cannot be a name")],
    ids=["ascii", "description", "name"],
)
def test_snakemake_plans_or_says_why_not(tmp_path: Path, study: str, said: str) -> None:
    copy_code(tmp_path)
    (tmp_path / "study.yaml").write_text(study, encoding="utf-8")
    done = run(tmp_path, "snakemake", "-n", "--configfile", "study.yaml")
    lines = [line for line in done.stderr.splitlines() if not line.startswith("Using workflow specific profile")]
    assert done.returncode == bool(said), done.stderr
    assert said in done.stderr
    assert len(lines) == 1 or not said
