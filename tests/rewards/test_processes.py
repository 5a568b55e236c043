"""What processes of any kind share: results in order, one more try, and nothing left behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rftlab import levels
from rftlab.rewards.processes import PoolError, Processes


class Verifying(Processes[tuple[Any, str | None]]):
    """Workers of the verifiers, with a result of their own."""

    chunk = 2
    label = "these: processes of a test"
    patience = 2.0

    def __init__(self, *verifiers: str) -> None:
        self.verifiers = verifiers
        super().__init__(2)

    @property
    def command(self) -> list[str]:
        return ["rftlab.rewards.worker", *self.verifiers]

    def result(self, line: Any) -> tuple[Any, str | None]:
        if line[3] is not None:
            raise KeyError(line[3])
        return line[1], None

    def failed(self, reason: str) -> tuple[Any, str | None]:
        return None, reason


@pytest.fixture(autouse=True)
def verifiers(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(levels, "PACKAGE", package)


def test_results_are_the_subclass_s_in_order_and_nothing_outlives_it() -> None:
    with Verifying("echo") as processes:
        assert processes.work([("echo", str(i), "") for i in range(7)]) == [(str(i), None) for i in range(7)]
        running = [worker.process for worker in processes.workers]
    assert processes.workers == []
    assert all(process.poll() is not None for process in running)


def test_what_dies_twice_or_keeps_silent_has_a_reason() -> None:
    with Verifying("segfault", "sleep") as processes:
        cases = [("segfault", "segfault", ""), ("sleep", "sleep", ""), ("segfault", "fine", "")]
        assert [reason for _, reason in processes.work(cases)] == ["crashed", "timeout", None]


def test_what_a_result_raises_ends_the_batch_and_the_next_one_starts_anew() -> None:
    with Verifying("refuses", "echo") as processes:
        with pytest.raises(KeyError, match="no such answer"):
            processes.work([("refuses", "", "")])
        assert processes.workers == []
        assert processes.work([("echo", "a", "")]) == [("a", None)]


def test_processes_that_cannot_start_say_who_they_are() -> None:
    with Verifying("absent") as processes, pytest.raises(PoolError, match=r"^these: processes of a test end at once"):
        processes.work([("absent", "", "")])
