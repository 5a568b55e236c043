"""Processes that verify answers: started when first needed, replaced when killed, gone with the process they serve."""

from __future__ import annotations

import atexit
import collections
import functools
import json
import os
import resource
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from rftlab import levels
from rftlab.errors import BadInputError
from rftlab.rewards import Judgement
from rftlab.rewards.worker import BROKEN, MEMORY, READY, SECONDS

CHUNK = 16
"""Answers handed over at a time: fewer cost more in talking than in verifying, more leave a process idle at the end."""
MOST_WORKERS = 4
WALL_SECONDS = 20 * SECONDS
"""Without any sign of life: for a process that waits without using the processor."""
START_SECONDS = 120

Case = tuple[str, str, str]
"""Verifier, completion, answer."""


class PoolError(BadInputError):
    """The processes cannot be started."""


@dataclass
class Worker:
    """One process, the positions in the batch of the cases it has, in their order, and the line it has not finished."""

    process: subprocess.Popen[bytes]
    positions: collections.deque[int] = field(default_factory=collections.deque)
    unfinished: bytes = b""
    last_heard: float = 0.0
    ready: bool = False

    @property
    def stdin(self) -> IO[bytes]:
        """Standard input of the process: cases, a chunk a line."""
        assert self.process.stdin is not None
        return self.process.stdin

    @property
    def stdout(self) -> IO[bytes]:
        """Standard output of the process: a judgement a line."""
        assert self.process.stdout is not None
        return self.process.stdout

    def lines(self) -> list[Any] | None:
        """Read what there is, as whole lines; None at the end."""
        content = os.read(self.stdout.fileno(), 1 << 16)
        if not content:
            return None
        self.last_heard = time.monotonic()
        *whole, self.unfinished = (self.unfinished + content).split(b"\n")
        return [json.loads(line) for line in whole]

    def end(self) -> int:
        """End it, and return how it ended."""
        self.process.kill()
        self.stdin.close()
        self.stdout.close()
        return self.process.wait()


class Pool:
    """Verify batches in worker processes that load ``verifiers``; use as a context manager, or ``close`` it."""

    def __init__(self, verifiers: Sequence[str], workers: int) -> None:
        """Start the processes.

        Raises:
            PoolError: less address space is allowed than one of them may use.
        """
        self.verifiers, self.size = tuple(verifiers), workers
        allowed = resource.getrlimit(resource.RLIMIT_AS)[1]
        if allowed != resource.RLIM_INFINITY and allowed < MEMORY:
            raise PoolError(
                f"rewards/verifiers/{self.verifiers[0]}: a process that verifies needs {MEMORY // 2**20} MiB of "
                f"address space, and `ulimit -v` allows {allowed // 2**20}; raise that limit"
            )
        self.workers = [self._start() for _ in range(workers)]

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End every worker; what they were at is lost."""
        while self.workers:
            self.workers.pop().end()

    def verify(self, cases: Sequence[Case]) -> list[Judgement]:
        """Judgement of every case, in order.

        A case whose worker dies is tried once more in a new one, unless the worker used up its time: another process
        may have killed it. What dies twice is wrong, with ``failure`` ``crashed``.

        Raises:
            ValueError: a verifier cannot use an answer itself.
            PoolError: workers die before they have read anything.
        """
        self.workers += [self._start() for _ in range(self.size - len(self.workers))]  # all of them after an error
        judgements: list[Judgement | None] = [None] * len(cases)
        waiting = collections.deque(range(len(cases)))
        attempts: collections.Counter[int] = collections.Counter()
        failed_starts = 0
        with selectors.DefaultSelector() as selector:
            for worker in self.workers:
                selector.register(worker.stdout, selectors.EVENT_READ, worker)
                worker.last_heard = time.monotonic()
            try:
                while waiting or any(worker.positions for worker in self.workers):
                    for worker in self.workers:
                        if worker.ready and not worker.positions and waiting:
                            self._give(worker, waiting, cases)
                    events = [key.data for key, _ in selector.select(timeout=1.0)]
                    silent = [w for w in self.workers if w not in events and _silent(w)]
                    for worker in [*events, *silent]:
                        lines = None if worker in silent else worker.lines()
                        if lines is not None:
                            for line in lines:
                                self._take(worker, line, judgements)
                            continue
                        selector.unregister(worker.stdout)
                        status = worker.end()
                        failed_starts = 0 if worker.ready else failed_starts + 1
                        if failed_starts > 3:
                            names = ", ".join(self.verifiers)
                            raise PoolError(
                                f"rewards/verifiers/: processes that load {names} end at once, with status {status}; "
                                "what they wrote stands above"
                            )
                        late = worker in silent or status == -signal.SIGXCPU
                        if worker.positions:
                            at = worker.positions.popleft()
                            attempts[at] += 1
                            if late or attempts[at] > 1:
                                judgements[at] = Judgement(False, None, "timeout" if late else "crashed")
                            else:
                                waiting.appendleft(at)
                            waiting.extendleft(reversed(worker.positions))
                        self.workers[self.workers.index(worker)] = new = self._start()
                        selector.register(new.stdout, selectors.EVENT_READ, new)
            except BaseException:
                self.close()  # half a batch is under way: the next one starts anew
                raise
        return [judgement for judgement in judgements if judgement is not None]

    def _start(self) -> Worker:
        command = [sys.executable, "-P", "-m", "rftlab.rewards.worker", str(os.getpid()), *self.verifiers]
        # where this package was imported from comes first: it need not be installed, nor the working directory be ours
        path = [str(levels.PACKAGE.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path), "OMP_NUM_THREADS": "1"}
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, bufsize=0, close_fds=True
        )
        return Worker(process, last_heard=time.monotonic())

    @staticmethod
    def _give(worker: Worker, waiting: collections.deque[int], cases: Sequence[Case]) -> None:
        chunk = [waiting.popleft() for _ in range(min(CHUNK, len(waiting)))]
        worker.positions.extend(chunk)
        worker.last_heard = time.monotonic()
        content = memoryview((json.dumps([cases[i] for i in chunk]) + "\n").encode())
        try:
            while content:  # it reads a whole line before it writes: neither waits for the other
                content = content[worker.stdin.write(content) :]
        except BrokenPipeError:
            pass  # it has died: what it was given is dealt with when its output ends

    def _take(self, worker: Worker, line: Any, judgements: list[Judgement | None]) -> None:
        if line == READY:
            worker.ready = True
            return
        if isinstance(line, dict):
            names = ", ".join(self.verifiers)
            raise PoolError(
                f"rewards/verifiers/: processes that load {names} end at once, with status 1: {line[BROKEN]}"
            )
        at = worker.positions.popleft()
        correct, extracted, failure, error = line
        if error is not None:
            raise ValueError(error)
        judgements[at] = Judgement(correct, extracted, failure)


def _silent(worker: Worker) -> bool:
    limit = WALL_SECONDS if worker.ready else START_SECONDS
    return bool(worker.positions or not worker.ready) and time.monotonic() - worker.last_heard > limit


@functools.cache
def shared_pool(verifiers: tuple[str, ...]) -> Pool:
    """The pool of this process for some verifiers, started at the first call; it ends with the process."""
    pool = Pool(verifiers, min(MOST_WORKERS, len(os.sched_getaffinity(0))))
    atexit.register(pool.close)
    return pool
