"""One process that verifies: what it answers, what ends it, and that it ends with the process it serves."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from rftlab.rewards import Judgement
from rftlab.rewards.worker import MEMORY, READY, SECONDS, judge


def test_signals_to_the_group_are_the_parents_business(pool) -> None:
    assert pool("terminated").verify([("terminated", "", "")]) == [Judgement(True, None)]


def test_workers_import_nothing_heavy(pool) -> None:
    (judgement,) = pool("modules", "math_verify", "math_boxed_strict").verify([("modules", "", "")])
    assert not {"torch", "transformers", "numpy", "pandas", "snakemake"} & {*judgement.extracted.split()}


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


@pytest.fixture
def worker(package: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run one on lines of cases until its input ends; its parent is this process."""

    def run(*batches: list[list[str]]) -> subprocess.CompletedProcess[str]:
        verifiers = sorted({verifier for batch in batches for verifier, _, _ in batch})
        lines = "".join(json.dumps(batch) + "\n" for batch in batches)
        command = [sys.executable, "-P", "-m", "rftlab.rewards.worker", str(os.getpid()), *verifiers]
        environment = {**os.environ, "PYTHONPATH": str(package.parent)}
        return subprocess.run(
            command, input=lines, env=environment, capture_output=True, text=True, check=False, timeout=60
        )

    return run


def written(done: subprocess.CompletedProcess[str]) -> list[Any]:
    """What it wrote, once it had said that it is ready."""
    ready, *results = map(json.loads, done.stdout.splitlines())
    assert ready == READY
    return results


def test_every_case_has_a_line_in_order_until_the_input_ends(worker) -> None:
    done = worker([["echo", "a", "a"], ["echo", "b", "a"]], [], [["fine", "", ""], ["echo", "¶\u2028", "¶\u2028"]])
    assert written(done) == [
        [True, "a", None, None],
        [False, "b", None, None],
        [True, None, None, None],
        [True, "¶\u2028", None, None],
    ]
    assert (done.returncode, done.stderr) == (0, "")


def test_an_answer_that_cannot_be_used_is_told_and_the_next_case_judged(worker) -> None:
    done = worker([["refuses", "x", ""], ["echo", "a", "a"]])
    assert written(done) == [[False, None, None, "no such answer"], [True, "a", None, None]]
    assert done.returncode == 0


def test_after_the_memory_was_used_up_nothing_more_is_judged(worker) -> None:
    done = worker([["bomb", "fine", ""], ["bomb", "bomb", ""], ["echo", "a", "a"]])
    assert written(done) == [[True, "1", None, None], [False, None, "memory", None]]
    assert done.returncode == 0


def test_an_answer_that_takes_too_long_ends_the_process_after_those_before_it_were_written(worker) -> None:
    done = worker([["hang", "fine", ""], ["hang", "hang", ""], ["hang", "fine", ""]])
    assert written(done) == [[True, None, None, None]]
    assert done.returncode == -signal.SIGXCPU


def test_the_time_of_an_answer_begins_with_it(worker) -> None:
    """Of a second each, in which all of them together would not be done."""
    done = worker([["busy", "0.5", ""]] * 6)
    assert written(done) == [[True, None, None, None]] * 6


def test_neither_core_files_nor_more_memory_than_agreed(worker) -> None:
    ((_, limits, _, _),) = written(worker([["limits", "", ""]]))
    core, memory = json.loads(limits)
    assert core == [0, 0]
    assert memory == MEMORY == 2 * 2**30


def test_without_its_parent_it_ends_though_its_input_does_not(package: Path) -> None:
    command = [sys.executable, "-P", "-m", "rftlab.rewards.worker", "0", "echo"]
    environment = {**os.environ, "PYTHONPATH": str(package.parent)}
    orphan = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment)
    try:
        assert orphan.wait(60) == 1
    finally:
        orphan.kill()
        orphan.stdin.close()


def test_the_limit_counts_from_what_was_used_so_far() -> None:
    script = """
import json, resource, time
from rftlab.rewards.worker import limit_processor_time
while time.process_time() < 1.5: pass
limit_processor_time()
print(json.dumps([time.process_time(), *resource.getrlimit(resource.RLIMIT_CPU)]))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    used, soft, hard = json.loads(done.stdout)
    assert used + SECONDS - 0.5 < soft <= used + SECONDS + 1
    assert hard == resource.getrlimit(resource.RLIMIT_CPU)[1]


def failing(error: Exception) -> Callable[[str, str], Judgement]:
    def verify(completion: str, answer: str) -> Judgement:
        raise error

    return verify


@pytest.mark.parametrize(
    ("verify", "result"),
    [
        (lambda completion, answer: Judgement(completion == answer, completion), [True, "5", None, None]),
        (lambda completion, answer: Judgement(False, "5", "unparsed"), [False, "5", "unparsed", None]),
        (failing(ValueError("of the answer")), [False, None, None, "of the answer"]),
        (failing(UnicodeDecodeError("utf-8", b"", 0, 1, "bad")), [False, None, None]),
        (failing(MemoryError()), [False, None, "memory", None]),
        (failing(RecursionError()), [False, None, "crashed", None]),
        (failing(KeyError("x")), [False, None, "crashed", None]),
        (failing(OverflowError()), [False, None, "crashed", None]),
    ],
)
def test_what_is_made_of_a_verdict_and_of_an_error(verify, result: list[Any]) -> None:
    assert judge(verify, "5", "5")[: len(result)] == result


def test_a_verifier_that_is_stopped_is_no_verdict() -> None:
    def verify(completion: str, answer: str) -> Judgement:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        judge(verify, "5", "5")
