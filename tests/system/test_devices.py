"""Snakemake on a machine with CUDA devices, pretended on a CPU: jobs ask for one, and run where one is free."""

from __future__ import annotations

import fcntl
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from checkout import Checkout, copy_code
from dry_runs import environment
from pretend_devices import pretend
from rftlab.jobs import devices
from rftlab.jobs.environment import DEVICES

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("workflow")]
RULES = {"base_model": "models", "train": "train", "evaluate": "evaluate", "evaluate_base": "evaluate"}


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """A study on a machine of two devices."""
    (tmp_path / "machine").mkdir()
    pretend(tmp_path / "machine", monkeypatch, 2)
    (tmp_path / "study").mkdir()
    return copy_code(tmp_path / "study")


def test_jobs_ask_for_a_device_where_the_study_computes_on_one(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in set(RULES.values()):  # of jobs without a message Snakemake lists the resources
        without = re.compile(r"\n    message:\n.*")
        checkout.edit(f"workflow/rules/{name}.smk", lambda text, without=without: without.sub("", text))

    def asked(*arguments: str) -> set[str]:
        listed = checkout.snakemake("-n", "--nolock", *arguments)
        jobs = re.findall(r"rule (\w+):\n(?:    .*\n)*?    resources: (.*)", listed)
        gpus = {(rule, count) for rule, resources in jobs for count in re.findall(r"gpu=(\d+)", resources)}
        assert {rule for rule, _ in gpus} == {*RULES}
        return {count for _, count in gpus}

    assert asked() == {"1"}
    assert asked("--config", "device=cpu") == {"0"}
    monkeypatch.setenv(devices.VISIBLE, "")
    assert asked() == {"0"}


def test_a_job_waits_for_a_device_and_takes_it(checkout: Checkout) -> None:
    """Here jobs of another Snakemake have both: one of them ends."""
    devices.offer(devices.find())
    locks = [os.open(path, os.O_CREAT | os.O_RDWR) for path in json.loads(os.environ[DEVICES]).values()]
    for lock in locks:
        fcntl.flock(lock, fcntl.LOCK_EX)
    command = [sys.executable, "-m", "snakemake", "models", "--configfile", str(checkout.study), "--cores", "3"]
    with subprocess.Popen(
        command, cwd=checkout.folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            logs = checkout.folder / "results/smoke/logs/models"
            until = time.monotonic() + 120
            while len(waiting := waiting_in(logs)) < 2 and time.monotonic() < until:
                time.sleep(0.1)
            os.close(locks[1])
            output = process.communicate()[0]
        finally:
            process.kill()
    os.close(locks[0])
    assert len(waiting) == 2, "no more jobs are started than there are devices"
    assert process.returncode == 0, output
    assert len(list(checkout.folder.glob("resources/models/*/*/model.json"))) == 3


def waiting_in(logs: Path) -> list[Path]:
    return [log for log in logs.glob("*.log") if "waiting: all 2 devices" in log.read_text()]
