"""Processes that hang, crash, fill the memory or are killed: none of it stops a batch or changes another judgement."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psutil
import pytest

import rftlab.rewards.pool
from rftlab.rewards import Judgement
from rftlab.rewards.pool import CHUNK, Pool
from rftlab.rewards.processes import PoolError


def pids(pool: Pool) -> set[int]:
    return {worker.process.pid for worker in pool.workers}


def test_verdicts_are_in_order_whoever_gave_them(pool) -> None:
    cases = [("echo", str(i % 7), str(i % 5)) for i in range(10 * CHUNK + 3)]
    echo = pool("echo")
    assert echo.verify(cases) == [Judgement(c == a, c) for _, c, a in cases]
    before = pids(echo)
    assert echo.verify(cases[:1]) == [Judgement(True, "0")]
    assert echo.verify([]) == []
    assert pids(echo) == before


def test_any_text_goes_there_and_back(pool) -> None:
    texts = ["", "\n", "¶\u2028\r\n\0", "\ud800", "😀" * 10, "x" * 3_000_000, '"]}']
    assert pool("echo").verify([("echo", t, t) for t in texts]) == [Judgement(True, t) for t in texts]


@pytest.mark.parametrize(
    ("verifier", "failure"),
    [("hang", "timeout"), ("bomb", "memory"), ("segfault", "crashed"), ("deep", "crashed")],
)
def test_what_kills_a_worker_is_counted_and_the_rest_is_judged(pool, verifier: str, failure: str) -> None:
    cases = [(verifier, verifier if i in (3, 20) else "fine", "") for i in range(2 * CHUNK)]
    judged = pool(verifier)
    before = pids(judged)
    judgements = judged.verify(cases)
    assert {i: judgement for i, judgement in enumerate(judgements) if judgement.failure} == {
        i: Judgement(False, None, failure) for i in (3, 20)
    }
    assert all(judgement.correct for i, judgement in enumerate(judgements) if i not in (3, 20))
    assert len(pids(judged)) == 2
    if verifier != "deep":
        assert pids(judged) != before
        gone = [pid for pid in before - pids(judged) if psutil.pid_exists(pid)]
        assert gone == []


def test_one_that_sleeps_is_ended_by_the_clock(pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rftlab.rewards.pool, "WALL_SECONDS", 2)
    judgements = pool("sleep").verify([("sleep", text, "") for text in ("fine", "sleep", "fine")])
    assert [judgement.failure for judgement in judgements] == [None, "timeout", None]


def test_a_worker_that_somebody_else_killed_costs_nothing(pool, tmp_path: Path) -> None:
    judged = pool("killed_once")
    cases = [("killed_once", "kill" if i == 5 else "fine", str(tmp_path / "killed")) for i in range(CHUNK)]
    before = pids(judged)
    assert judged.verify(cases) == [Judgement(True, None)] * CHUNK
    assert (tmp_path / "killed").exists()
    assert pids(judged) != before
    for pid in pids(judged):  # between two batches
        os.kill(pid, signal.SIGKILL)
    assert judged.verify(cases) == [Judgement(True, None)] * CHUNK


def test_an_answer_that_cannot_be_used_is_an_error_and_the_pool_is_as_new(pool) -> None:
    judged = pool("refuses", "echo")
    with pytest.raises(ValueError, match="no such answer"):
        judged.verify([("refuses", "", ""), *[("echo", "a", "a")] * 40])
    assert judged.workers == []
    assert judged.verify([("echo", "a", "a")]) == [Judgement(True, "a")]


def test_workers_that_cannot_start_are_an_error(pool) -> None:
    with pytest.raises(PoolError, match="end at once, with status"):
        pool("absent").verify([("absent", "", "")])
