"""Processes that verify answers: started when first needed, replaced when killed, gone with the process they serve."""

from __future__ import annotations

import atexit
import functools
import os
import resource
from collections.abc import Sequence
from typing import Any

from rftlab.rewards import Judgement
from rftlab.rewards.processes import PoolError, Processes
from rftlab.rewards.worker import MEMORY, SECONDS

CHUNK = 16
"""Answers handed over at a time: fewer cost more in talking than in verifying, more leave a process idle at the end."""
MOST_WORKERS = 4
WALL_SECONDS = 20 * SECONDS
"""Without any sign of life: for a process that waits without using the processor."""

Case = tuple[str, str, str]
"""Verifier, completion, answer."""


class Pool(Processes[Judgement]):
    """Verify batches in worker processes that load ``verifiers``; use as a context manager, or ``close`` it."""

    chunk = CHUNK

    def __init__(self, verifiers: Sequence[str], workers: int) -> None:
        """Start the processes.

        Raises:
            PoolError: less address space is allowed than one of them may use.
        """
        self.verifiers = tuple(verifiers)
        refuse_less_memory(f"rewards/verifiers/{self.verifiers[0]}: a process that verifies", MEMORY)
        super().__init__(workers)

    @property
    def command(self) -> list[str]:
        """Module and arguments of a process."""
        return ["rftlab.rewards.worker", *self.verifiers]

    @property
    def label(self) -> str:
        """Who they are, in messages."""
        return f"rewards/verifiers/: processes that load {', '.join(self.verifiers)}"

    @property
    def patience(self) -> float:
        """Seconds by the clock; what limits an answer is the processor's time, in the worker."""
        return WALL_SECONDS

    def result(self, line: Any) -> Judgement:
        """A judgement.

        Raises:
            ValueError: a verifier cannot use an answer itself.
        """
        correct, extracted, failure, error = line
        if error is not None:
            raise ValueError(error)
        return Judgement(correct, extracted, failure)

    def failed(self, reason: str) -> Judgement:
        """An answer that could not be judged is wrong."""
        return Judgement(False, None, reason)

    def verify(self, cases: Sequence[Case]) -> list[Judgement]:
        """Judgement of every case, in order.

        A case whose worker dies is tried once more in a new one, unless the worker used up its time: another process
        may have killed it. What dies twice is wrong, with ``failure`` ``crashed``.

        Raises:
            ValueError: a verifier cannot use an answer itself.
            PoolError: workers die before they have read anything.
        """
        return self.work(cases)


def refuse_less_memory(who: str, needed: int) -> None:
    """Refuse to start processes where less address space is allowed than one of them may use.

    Raises:
        PoolError: with both numbers.
    """
    allowed = resource.getrlimit(resource.RLIMIT_AS)[1]
    if allowed != resource.RLIM_INFINITY and allowed < needed:
        raise PoolError(
            f"{who} needs {needed // 2**20} MiB of address space, and `ulimit -v` allows {allowed // 2**20}; "
            "raise that limit"
        )


@functools.cache
def shared_pool(verifiers: tuple[str, ...]) -> Pool:
    """The pool of this process for some verifiers, started at the first call; it ends with the process."""
    pool = Pool(verifiers, min(MOST_WORKERS, len(os.sched_getaffinity(0))))
    atexit.register(pool.close)
    return pool
