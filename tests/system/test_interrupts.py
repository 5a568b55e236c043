"""SIGINT to Snakemake alone, as a script or a service manager sends it: its jobs end with it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

import torture_snakemake
from torture_snakemake import STUDY

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("workflow")]


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
        assert snakemake.wait(timeout=60) != 0
    finally:
        if snakemake.poll() is None:
            os.killpg(snakemake.pid, signal.SIGKILL)
            snakemake.wait()
    (log,) = logs.glob("*.log")
    assert log.read_text().splitlines()[-1] == "stopped by SIGINT"
    assert "Traceback" not in log.read_text()
