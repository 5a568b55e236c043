"""Processes of a reward file: what they run, how long they may, and one call to try it."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from rftlab.files import file_sha256
from rftlab.rewards.declared import RewardFileError
from rftlab.rewards.file_pool import MEMORY_GIB, SECONDS, FilePool, try_once
from rftlab.rewards.processes import PoolError

RECORD = {"query": "1+1", "answer": "2", "metadata": {}, "completion": "2", "tokens": 1, "truncated": False}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "my.py"


def test_a_file_may_say_how_long_a_call_may_take_and_how_much_memory(path: Path) -> None:
    path.write_text("def reward(records): ...\n")
    with FilePool(str(path), {}) as pool:
        assert (pool.patience, pool.memory) == (SECONDS, MEMORY_GIB * 2**30)
        assert pool.command == ["rftlab.rewards.file_worker", str(path), "{}", str(2**31), file_sha256(path)]
    path.write_text("SECONDS = 0.5\nMEMORY_GIB = 1.5\n\ndef reward(records): ...\n")
    with FilePool(str(path), {}) as pool:
        assert (pool.patience, pool.memory) == (0.5, 3 * 2**29)


def test_it_is_tried_with_some_records(path: Path) -> None:
    path.write_text("def reward(records, *, scale=1.0):\n    return [scale / (1 - r['tokens']) for r in records]\n")
    assert try_once(str(path), {"scale": 2.0}, [{**RECORD, "tokens": 2}]) is None
    with pytest.raises(RewardFileError, match=r"my\.py: reward\(\) raises ZeroDivisionError\(.*\) in line 2$"):
        try_once(str(path), {}, [RECORD])
    path.write_text("SECONDS = 0.2\n\ndef reward(records):\n    while True: pass\n")
    assert try_once(str(path), {}, [RECORD]) == "timeout"


def test_more_memory_than_is_allowed_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_text("MEMORY_GIB = 4\n\ndef reward(records): ...\n")
    monkeypatch.setattr(resource, "getrlimit", lambda _: (2**31, 2**31))
    with pytest.raises(PoolError, match=r"my\.py: a process that runs it needs 4096 MiB .* allows 2048"):
        FilePool(str(path), {})
