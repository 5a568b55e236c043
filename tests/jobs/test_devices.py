"""Devices are found as CUDA would find them, and each is one job's at a time; pretend devices, on a CPU."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pretend_devices import pretend
from rftlab.jobs import devices
from rftlab.jobs.environment import DEVICES, SERVER

UUIDS = {str(index): f"GPU-{index}{index}{index}{index}-0000" for index in range(4)}
JOB = """\
import os, sys
assert "torch" not in sys.modules
print(os.environ.get("CUDA_VISIBLE_DEVICES"), flush=True)
sys.stdin.read()
"""
Jobs = Callable[[], "subprocess.Popen[str]"]


@pytest.fixture
def _four(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(tmp_path, monkeypatch, 4)


# found ---------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("_four")
def test_all_that_nvidia_smi_lists() -> None:
    assert devices.find() == UUIDS


@pytest.mark.usefixtures("_four")
@pytest.mark.parametrize(
    ("visible", "found"),
    [
        ("2", {"2": UUIDS["2"]}),
        ("3, 1", {"3": UUIDS["3"], "1": UUIDS["1"]}),
        ("GPU-2222", {"GPU-2222": UUIDS["2"]}),
        ("MIG-abc", {"MIG-abc": "MIG-abc"}),
        ("1,-1,2", {"1": UUIDS["1"]}),  # CUDA stops where there is none
        ("0,9,1", {"0": UUIDS["0"]}),
        ("NoDevFiles", {}),
        ("", {}),
    ],
)
def test_those_that_are_visible_as_cuda_reads_it(
    visible: str, found: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(devices.VISIBLE, visible)
    assert devices.find() == found
    assert [*devices.find()] == [*found]


@pytest.mark.parametrize("program", [None, "exit 9", "echo No devices were found", "exec sleep 600"])
def test_without_a_driver_there_are_none(program: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if program:
        pretend(tmp_path, monkeypatch, 0)
        (tmp_path / "nvidia-smi").write_text(f"#!/bin/sh\n{program}\n")
    else:
        monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(devices, "DRIVER", str(tmp_path / "absent"))
    monkeypatch.setattr(devices, "LIST_SECONDS", 0.2)
    monkeypatch.setenv(devices.VISIBLE, "0,1")
    assert devices.find() == {}


def test_a_driver_without_nvidia_smi_has_what_is_visible(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(devices, "DRIVER", str(tmp_path))
    monkeypatch.setenv(devices.VISIBLE, "0,1")
    assert devices.find() == {"0": "0", "1": "1"}
    monkeypatch.delenv(devices.VISIBLE)
    assert devices.find() == {}


# taken ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Jobs:
    """Start a job on two devices as Snakemake does; it says which one it sees and ends with its input."""
    pretend(tmp_path, monkeypatch, 2)
    monkeypatch.delenv(SERVER, raising=False)
    devices.offer(devices.find())
    (tmp_path / "probe.py").write_text(JOB)
    path = os.pathsep.join([str(tmp_path), str(Path(devices.__file__).parents[2])])

    def start() -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "rftlab.jobs.warmstart", "probe"],
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    return start


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def test_each_job_sees_one_device_of_its_own_and_what_is_too_many_waits(job: Jobs) -> None:
    running = [job() for _ in range(2)]
    assert {said(process) for process in running} == {"0", "1"}
    waiting = [job() for _ in range(3)]
    assert {said(process) for process in waiting} == {"waiting: all 2 devices are taken by other jobs"}
    used = []
    while waiting:
        ended = running.pop(0)
        ended.communicate()
        (next_,) = first_to_speak(waiting)
        waiting.remove(next_)
        running.append(next_)
        used.append(said(next_))
    assert set(used) <= {"0", "1"}
    for process in running:
        process.communicate()
        assert process.returncode == 0


def first_to_speak(processes: list[subprocess.Popen[str]]) -> list[subprocess.Popen[str]]:
    """Those of which there is output: exactly those that have got a device since."""
    import select

    ready = select.select([process.stdout for process in processes], [], [], 60)[0]
    return [process for process in processes if process.stdout in ready]


def test_a_job_that_is_killed_frees_its_device(job: Jobs) -> None:
    first, second = job(), job()
    taken = said(first)
    assert {taken, said(second)} == {"0", "1"}
    third = job()
    said(third)
    first.send_signal(signal.SIGKILL)
    assert said(third) == taken
    for process in (first, second, third):
        process.communicate()


def test_a_job_that_waits_can_be_stopped(job: Jobs) -> None:
    running = [job(), job()]
    for process in running:
        said(process)
    third = job()
    said(third)
    third.send_signal(signal.SIGINT)
    assert third.wait(timeout=60) == 130
    for process in (*running, third):
        process.communicate()


def test_what_is_hidden_from_snakemake_is_no_candidate(job: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(devices.VISIBLE, "1")
    devices.offer(devices.find())
    first, second = job(), job()
    answers = {said(first), said(second)}
    assert answers == {"1", "waiting: all 1 devices are taken by other jobs"}
    for process in (first, second):
        process.kill()
        process.communicate()


@pytest.mark.parametrize("offered", [None, {}])
def test_without_an_offer_nothing_is_taken(
    offered: dict[str, str] | None, job: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a cluster, which has restricted the devices of its job itself."""
    monkeypatch.delenv(DEVICES)
    if offered is not None:
        monkeypatch.setenv(DEVICES, json.dumps(offered))
    monkeypatch.setenv(devices.VISIBLE, "5,6")
    process = job()
    assert said(process) == "5,6"
    process.communicate()


def test_locks_are_in_a_folder_that_nobody_else_may_enter(job: Jobs, tmp_path: Path) -> None:
    paths = [Path(path) for path in json.loads(os.environ[DEVICES]).values()]
    assert [path.name for path in paths] == [f"{UUIDS[index]}.lock" for index in ("0", "1")]
    assert {path.parent.parent for path in paths} == {tmp_path}
    assert paths[0].parent.stat().st_mode & 0o777 == 0o700


# a cluster -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("device", "resources", "count"),
    [
        ("cuda", (None, None), 1),
        ("cuda", ({}, {"mem_mb": 1000}), 1),
        ("cuda", ({"gres": "gpu:1"}, None), 0),
        ("cuda", ({}, {"gres": "gpu:a100:1"}), 0),
        ("auto", (None, None), 0),
        ("cpu", (None, None), 0),
    ],
)
def test_a_job_of_a_cluster_asks_for_one_where_nothing_else_does(
    device: str, resources: tuple[dict[str, object] | None, ...], count: int
) -> None:
    assert devices.of_cluster(device, *resources) == count
