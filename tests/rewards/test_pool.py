"""Processes that hang, crash, fill the memory or are killed: none of it stops a batch or changes another verdict."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

import rftlab.rewards.pool
from rftlab import levels
from rftlab.rewards import Verdict
from rftlab.rewards.pool import CHUNK, Pool, PoolError

VERIFIERS = {
    "echo": "return Verdict(completion == answer, completion)",
    "hang": "while completion == 'hang': pass\n    return Verdict(True, None)",
    "sleep": "time.sleep(600 if completion == 'sleep' else 0)\n    return Verdict(True, None)",
    # at once: filling two gigabytes can take longer than an answer may
    "bomb": "held = bytearray(2**36 if completion == 'bomb' else 1)\n    return Verdict(True, str(len(held)))",
    "segfault": "if completion == 'segfault': ctypes.string_at(0)\n    return Verdict(True, None)",
    "deep": "return Verdict(True, str(completion == 'deep' and verify(completion, answer)))",
    "killed_once": "place = pathlib.Path(answer)\n"
    "    if completion == 'kill' and not place.exists():\n"
    "        place.touch()\n"
    "        os.kill(os.getpid(), signal.SIGKILL)\n"
    "    return Verdict(True, None)",
    "terminated": "os.kill(os.getpid(), signal.SIGTERM)\n"
    "    os.kill(os.getpid(), signal.SIGINT)\n"
    "    return Verdict(True, None)",
    "modules": "return Verdict(True, ' '.join(sorted({name.partition('.')[0] for name in sys.modules})))",
    "refuses": "raise ValueError('no such answer')",
}
HEAD = """import ctypes, os, pathlib, signal, sys, time
from rftlab.rewards import Verdict


def verify(completion, answer):
    """


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with verifiers that misbehave, and a second of processor time for each answer."""
    copy = tmp_path_factory.mktemp("package") / "rftlab"
    shutil.copytree(levels.PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for name, body in VERIFIERS.items():
        (copy / "rewards" / "verifiers" / f"{name}.py").write_text(f"{HEAD}{body}\n")
    worker = copy / "rewards" / "worker.py"
    text = worker.read_text()
    assert text.count("\nSECONDS = 5\n") == 1
    worker.write_text(text.replace("\nSECONDS = 5\n", "\nSECONDS = 1\n"))
    return copy


@pytest.fixture
def pool(package: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Pool]:
    monkeypatch.setattr(levels, "PACKAGE", package)
    opened: list[Pool] = []

    def start(*verifiers: str, workers: int = 2) -> Pool:
        opened.append(Pool(verifiers, workers))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


def pids(pool: Pool) -> set[int]:
    return {worker.process.pid for worker in pool.workers}


def test_verdicts_are_in_order_whoever_gave_them(pool) -> None:
    cases = [("echo", str(i % 7), str(i % 5)) for i in range(10 * CHUNK + 3)]
    echo = pool("echo")
    assert echo.verify(cases) == [Verdict(c == a, c) for _, c, a in cases]
    before = pids(echo)
    assert echo.verify(cases[:1]) == [Verdict(True, "0")]
    assert echo.verify([]) == []
    assert pids(echo) == before


def test_any_text_goes_there_and_back(pool) -> None:
    texts = ["", "\n", "¶\u2028\r\n\0", "\ud800", "😀" * 10, "x" * 3_000_000, '"]}']
    assert pool("echo").verify([("echo", t, t) for t in texts]) == [Verdict(True, t) for t in texts]


@pytest.mark.parametrize(
    ("verifier", "failure"),
    [("hang", "timeout"), ("bomb", "memory"), ("segfault", "crashed"), ("deep", "crashed")],
)
def test_what_kills_a_worker_is_counted_and_the_rest_is_judged(pool, verifier: str, failure: str) -> None:
    cases = [(verifier, verifier if i in (3, 20) else "fine", "") for i in range(2 * CHUNK)]
    judged = pool(verifier)
    before = pids(judged)
    verdicts = judged.verify(cases)
    assert {i: verdict for i, verdict in enumerate(verdicts) if verdict.failure} == {
        i: Verdict(False, None, failure) for i in (3, 20)
    }
    assert all(verdict.correct for i, verdict in enumerate(verdicts) if i not in (3, 20))
    assert len(pids(judged)) == 2
    if verifier != "deep":
        assert pids(judged) != before
        gone = [pid for pid in before - pids(judged) if psutil.pid_exists(pid)]
        assert gone == []


def test_one_that_sleeps_is_ended_by_the_clock(pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rftlab.rewards.pool, "WALL_SECONDS", 2)
    verdicts = pool("sleep").verify([("sleep", text, "") for text in ("fine", "sleep", "fine")])
    assert [verdict.failure for verdict in verdicts] == [None, "timeout", None]


def test_a_worker_that_somebody_else_killed_costs_nothing(pool, tmp_path: Path) -> None:
    judged = pool("killed_once")
    cases = [("killed_once", "kill" if i == 5 else "fine", str(tmp_path / "killed")) for i in range(CHUNK)]
    before = pids(judged)
    assert judged.verify(cases) == [Verdict(True, None)] * CHUNK
    assert (tmp_path / "killed").exists()
    assert pids(judged) != before
    for pid in pids(judged):  # between two batches
        os.kill(pid, signal.SIGKILL)
    assert judged.verify(cases) == [Verdict(True, None)] * CHUNK


def test_signals_to_the_group_are_the_parents_business(pool) -> None:
    assert pool("terminated").verify([("terminated", "", "")]) == [Verdict(True, None)]


def test_workers_import_nothing_heavy(pool) -> None:
    (verdict,) = pool("modules", "math_verify", "math_boxed_strict").verify([("modules", "", "")])
    assert not {"torch", "transformers", "numpy", "pandas", "snakemake"} & {*verdict.extracted.split()}


def test_an_answer_that_cannot_be_used_is_an_error_and_the_pool_is_as_new(pool) -> None:
    judged = pool("refuses", "echo")
    with pytest.raises(ValueError, match="no such answer"):
        judged.verify([("refuses", "", ""), *[("echo", "a", "a")] * 40])
    assert judged.workers == []
    assert judged.verify([("echo", "a", "a")]) == [Verdict(True, "a")]


def test_workers_that_cannot_start_are_an_error(pool) -> None:
    with pytest.raises(PoolError, match="end at once, with status"):
        pool("absent").verify([("absent", "", "")])


PARENT = """
import sys
from pathlib import Path
from rftlab import levels
levels.PACKAGE = Path(sys.argv[1])
from rftlab.rewards.pool import Pool
pool = Pool(["hang"], 2)
pool.verify([("hang", "fine", "")] * 40)
print(*[worker.process.pid for worker in pool.workers], flush=True)
if sys.argv[2] == "idle":
    sys.stdin.read()
pool.verify([("hang", "hang", "")] * 40)
"""


@pytest.mark.parametrize("state", ["idle", "busy"])
def test_no_worker_outlives_a_killed_parent(package: Path, state: str) -> None:
    command = [sys.executable, "-c", PARENT, str(package), state]
    parent = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    workers = [psutil.Process(int(pid)) for pid in parent.stdout.readline().split()]
    assert len(workers) == 2
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    until = time.monotonic() + 30
    while any(alive(worker) for worker in workers) and time.monotonic() < until:
        time.sleep(0.1)
    assert not any(alive(worker) for worker in workers)
    parent.stdin.close()
    parent.stdout.close()


def alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
