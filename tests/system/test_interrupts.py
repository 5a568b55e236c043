"""SIGINT to Snakemake alone, as a script or a service manager sends it: its jobs end with it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import torture_snakemake
from torture_snakemake import STUDY

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("workflow")]


def processes(group: int) -> Iterator[str]:
    """What runs in a process group, and of stages in any: state, parent, group and command."""
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            state, parent, of = (path / "stat").read_text().rpartition(")")[2].split()[:3]
            if command and (of == str(group) or "rftlab" in command):
                yield f"{path.name}: {state}, parent {parent}, group {of}: {command}"


def test_the_training_of_a_base_model_ends_with_a_line(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    folder.mkdir()
    torture_snakemake.copy_code(folder)
    endless = STUDY.replace("max_steps: 40", "max_steps: 1000000, lr: 1.0e-9").replace(
        "trained_range: [0.0", "trained_range: [0.9"
    )
    (folder / "study.yaml").write_text(endless.replace("0.0, 1.0]", "0.9, 1.0]"))
    snakemake = torture_snakemake.start(folder, "models")
    logs = folder / "results/killed/logs/models"
    try:
        until = time.monotonic() + 120
        while not any("step" in log.read_text() for log in logs.glob("*.log")) and time.monotonic() < until:
            time.sleep(0.1)
        snakemake.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            snakemake.wait(timeout=60)
        assert snakemake.poll() not in (None, 0), "\n".join(processes(snakemake.pid))
    finally:
        if snakemake.poll() is None:
            os.killpg(snakemake.pid, signal.SIGKILL)
            snakemake.wait()
    (log,) = logs.glob("*.log")
    assert log.read_text().splitlines()[-1] == "stopped by SIGINT"
    assert "Traceback" not in log.read_text()
