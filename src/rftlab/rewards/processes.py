"""Processes that work for another one and can be killed: started when first needed, replaced, gone with their parent.

What they run is a subclass's: :class:`rftlab.rewards.pool.Pool` verifies answers, the pool of
:mod:`rftlab.rewards.reward_file` runs a reward of the user's.
"""

from __future__ import annotations

import abc
import collections
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO, Any, Generic, Self, TypeVar

from rftlab import levels
from rftlab.errors import BadInputError
from rftlab.rewards.worker import BROKEN, READY

START_SECONDS = 120
T = TypeVar("T")


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


class Processes(abc.ABC, Generic[T]):
    """Work on batches of cases in processes of their own; use as a context manager, or ``close`` it."""

    def __init__(self, workers: int) -> None:
        self.size = workers
        self.workers = [self._start() for _ in range(workers)]

    @property
    @abc.abstractmethod
    def command(self) -> list[str]:
        """Module and arguments of a process, after the parent's process id."""

    @property
    @abc.abstractmethod
    def label(self) -> str:
        """Who they are, in messages: ``rewards/verifiers/: processes that load math_verify``."""

    @property
    @abc.abstractmethod
    def patience(self) -> float:
        """Seconds by the clock that one that is ready may work without any sign of life."""

    @property
    @abc.abstractmethod
    def chunk(self) -> int:
        """Cases handed over at a time."""

    @abc.abstractmethod
    def result(self, line: Any) -> T:
        """What is made of the line that a process writes of a case; it may raise, which ends the batch."""

    @abc.abstractmethod
    def failed(self, reason: str) -> T:
        """What is made of a case that ended its process: ``timeout`` or ``crashed``."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End every worker; what they were at is lost."""
        while self.workers:
            self.workers.pop().end()

    def work(self, cases: Sequence[Any]) -> list[T]:
        """The result of every case, in order.

        A case whose worker dies is tried once more in a new one, unless the worker used up its time: another process
        may have killed it. What dies twice has ``crashed``.

        Raises:
            PoolError: workers die before they have read anything.
            Exception: what ``result`` raises.
        """
        self.workers += [self._start() for _ in range(self.size - len(self.workers))]  # all of them after an error
        results: list[T | None] = [None] * len(cases)
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
                    silent = [w for w in self.workers if w not in events and self._silent(w)]
                    for worker in [*events, *silent]:
                        lines = None if worker in silent else worker.lines()
                        if lines is not None:
                            for line in lines:
                                self._take(worker, line, results)
                            continue
                        selector.unregister(worker.stdout)
                        status = worker.end()
                        failed_starts = 0 if worker.ready else failed_starts + 1
                        if failed_starts > 3:
                            raise PoolError(
                                f"{self.label} end at once, with status {status}; what they wrote stands above"
                            )
                        late = worker in silent or status == -signal.SIGXCPU
                        if worker.positions:
                            at = worker.positions.popleft()
                            attempts[at] += 1
                            if late or attempts[at] > 1:
                                results[at] = self.failed("timeout" if late else "crashed")
                            else:
                                waiting.appendleft(at)
                            waiting.extendleft(reversed(worker.positions))
                        self.workers[self.workers.index(worker)] = new = self._start()
                        selector.register(new.stdout, selectors.EVENT_READ, new)
            except BaseException:
                self.close()  # half a batch is under way: the next one starts anew
                raise
        return [result for result in results if result is not None]

    def _start(self) -> Worker:
        module, *arguments = self.command
        command = [sys.executable, "-P", "-m", module, str(os.getpid()), *arguments]
        # where this package was imported from comes first: it need not be installed, nor the working directory be ours
        path = [str(levels.PACKAGE.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path), "OMP_NUM_THREADS": "1"}
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, bufsize=0, close_fds=True
        )
        return Worker(process, last_heard=time.monotonic())

    def _give(self, worker: Worker, waiting: collections.deque[int], cases: Sequence[Any]) -> None:
        chunk = [waiting.popleft() for _ in range(min(self.chunk, len(waiting)))]
        worker.positions.extend(chunk)
        worker.last_heard = time.monotonic()
        content = memoryview((json.dumps([cases[i] for i in chunk]) + "\n").encode())
        try:
            while content:  # it reads a whole line before it writes: neither waits for the other
                content = content[worker.stdin.write(content) :]
        except BrokenPipeError:
            pass  # it has died: what it was given is dealt with when its output ends

    def _take(self, worker: Worker, line: Any, results: list[T | None]) -> None:
        if line == READY:
            worker.ready = True
            return
        if isinstance(line, dict):
            raise PoolError(f"{self.label} end at once, with status 1: {line[BROKEN]}")
        results[worker.positions.popleft()] = self.result(line)

    def _silent(self, worker: Worker) -> bool:
        limit = self.patience if worker.ready else START_SECONDS
        return bool(worker.positions or not worker.ready) and time.monotonic() - worker.last_heard > limit
