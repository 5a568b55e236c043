"""Processes that run a reward file: a case is the records of one call."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rftlab.files import file_sha256
from rftlab.rewards import file_worker
from rftlab.rewards.declared import RewardFileError, read_reward_file
from rftlab.rewards.pool import MOST_WORKERS, refuse_less_memory
from rftlab.rewards.processes import Processes

RECORDS = 16
"""Of a call, at most."""
SECONDS, MEMORY_GIB = 60, 2
"""By the clock, for a call, and of address space, where the file declares no others."""

Result = tuple[dict[str, list[float | None]] | None, str | None]
"""Parts of a call's records, or None and why there are none."""


class FilePool(Processes[Result]):
    """Processes that run a reward file: a case is the records of one call."""

    chunk = 1

    def __init__(self, path: str, parameters: Mapping[str, Any]) -> None:
        """Start the processes.

        Raises:
            PoolError: less address space is allowed than one of them may use.
            RewardFileError: the file cannot be used.
        """
        constants = read_reward_file(path).constants
        self.path, self.parameters = path, dict(parameters)
        self.seconds: float = constants.get("SECONDS", SECONDS)
        self.sha256 = file_sha256(Path(path))
        self.memory = int(constants.get("MEMORY_GIB", MEMORY_GIB) * 2**30)
        refuse_less_memory(f"{path}: a process that runs it", self.memory)
        super().__init__(min(MOST_WORKERS, len(os.sched_getaffinity(0))))

    @property
    def command(self) -> list[str]:
        """Module and arguments of a process."""
        return [file_worker.__name__, self.path, json.dumps(self.parameters), str(self.memory), self.sha256]

    @property
    def label(self) -> str:
        """Who they are, in messages."""
        return f"{self.path}: processes that run it"

    @property
    def patience(self) -> float:
        """Seconds by the clock that a call may take."""
        return self.seconds

    def result(self, line: Any) -> Result:
        """Parts of the records of a call, or the reason why the worker ended.

        Raises:
            RewardFileError: what ``reward`` raised, or what is wrong with what it returned.
        """
        parts, reason, error = line
        if error is not None:
            raise RewardFileError(f"{self.path}: {error}")
        return parts, reason

    def failed(self, reason: str) -> Result:
        """A call that ended its process."""
        return None, reason


def try_once(path: str, parameters: Mapping[str, Any], records: Sequence[Mapping[str, Any]]) -> str | None:
    """Call a reward file with some records, whatever they are paid; return why they could not be scored, or None.

    Raises:
        RewardFileError: it raises, or returns what are no values.
    """
    with FilePool(path, parameters) as pool:
        ((_, reason),) = pool.work([list(records)[:RECORDS]])
    return reason
