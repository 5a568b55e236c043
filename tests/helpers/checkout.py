"""A copy of the repository's code with a study in it, and Snakemake run there for real."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from dry_runs import environment
from studies import pretrained

ROOT = Path(__file__).parents[2]
SMOKE = Path(__file__).with_name("smoke.yaml")
CODE = ("Snakefile", "workflow", "profiles", "src", "envs", "config")
AFTER_TRAINING = {"tables", "figures", "report", "track in results/mlflow.db"}  # messages of the jobs


class Checkout:
    """A copy of the repository's code in a folder of its own, and Snakemake in it."""

    def __init__(self, folder: Path, study: str = "smoke.yaml") -> None:
        self.folder = folder
        self.study = folder / study

    def snakemake(self, *arguments: str) -> str:
        """Run Snakemake, for certain; return what it printed."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Snakemake, however it ends; all that it prints is in ``stdout``."""
        return subprocess.run(
            [sys.executable, "-m", "snakemake", "--configfile", str(self.study), *arguments],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment() | {"OMP_NUM_THREADS": "1"},
            check=False,
        )

    def planned(self) -> set[str]:
        """Messages of the jobs that `snakemake -n` lists, without those that only gather."""
        return listed(self.snakemake("-n", "--nolock"))

    def edit(self, name: str, change: Callable[[str], str]) -> None:
        """Change one file, for certain."""
        path = self.folder / name
        before = path.read_text()
        after = change(before)
        assert after != before
        path.write_text(after)


def listed(output: str) -> set[str]:
    """Messages of the jobs in the output of a dry run."""
    return set(re.findall(r"^Job \d+: (.*)$", output, re.MULTILINE))


def copy_code(folder: Path) -> Checkout:
    """Copy what Snakemake needs, and the smoke study, into a folder that exists."""
    for name in CODE:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy(source, folder / name)
    shutil.copy(SMOKE, folder / SMOKE.name)
    return Checkout(folder)


def copy_stubs(folder: Path) -> Checkout:
    """The same, with stages that are stubs (stub_stages.py)."""
    copied = copy_code(folder)
    shutil.copy(Path(__file__).with_name("stub_stages.py"), folder / "src" / "rftlab" / "jobs" / "warmstart.py")
    return copied


def write_questions(folder: Path, **counts: int) -> None:
    """``<split>.jsonl`` of so many questions each, and what planning takes for a pretrained model."""
    for split, count in counts.items():
        rows = [json.dumps({"question": f"What is {i} and {split}?", "answer": str(i)}) + "\n" for i in range(count)]
        (folder / f"{split}.jsonl").write_text("".join(rows))
    pretrained(folder / "pretrained")


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that is made once for all workers of a test run."""
    shared = factory.getbasetemp()
    shared = shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared
    folder = shared / name
    with FileLock(f"{folder}.lock"):
        if not (folder / "made").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            (folder / "made").touch()
    return folder
