"""Short versions of the two programs that kill: what they count is real, and a difference would end them."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

import torture
import torture_snakemake


def test_trainings_survive_five_kills() -> None:
    """In a process of its own: children are forked from one that has never trained."""
    command = [sys.executable, torture.__file__, "--kills", "5", "--seed", str(random.randrange(10**6))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout)
    assert counts["kills"] == 5 == sum(counts["by_moment"].values())
    assert counts["trainings_compared_byte_for_byte"] >= 1


@pytest.mark.workflow
def test_a_study_survives_the_death_of_snakemake(tmp_path: Path) -> None:
    assert torture_snakemake.survive(tmp_path, kills=2)["files_compared_byte_for_byte"] == 15
    log = (tmp_path / "killed-0" / "log").read_text()
    assert log.count("unlocked; the Snakemake that had locked it is gone") == 2
