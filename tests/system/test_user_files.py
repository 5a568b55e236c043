"""Files of the user in the working folder are the user's, whatever their names: no program of a study imports them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from checkout import copy_code
from dry_runs import environment
from torture_snakemake import STUDY

NAMES = ("statistics", "types", "tokenizers", "rftlab", "yaml", "mlflow", "altair", "uvicorn", "sympy", "json")
USERS = "raise SystemExit(f'{__file__} was imported')\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkout with files of the user in it."""
    checkout = copy_code(tmp_path)
    for name in NAMES:
        (checkout.folder / f"{name}.py").write_text(USERS)
    return checkout.folder


@pytest.mark.workflow
@pytest.mark.xdist_group("workflow")
def test_a_study_runs_beside_them(folder: Path) -> None:
    (folder / "study.yaml").write_text(STUDY.replace("rounds: 60", "rounds: 2").replace("rounds: 20", "rounds: 2"))
    program = Path(sys.executable).with_name("snakemake")
    without = {name: value for name, value in environment().items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [program, "--configfile", "study.yaml", "--cores", "2"],
        cwd=folder,
        env=without | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert (folder / "results/killed/track.json").is_file()


def test_the_command_reads_none_of_them(folder: Path) -> None:
    program = Path(sys.executable).with_name("rftlab")
    done = subprocess.run(
        [program, "plan", "config/demo.yaml"],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
