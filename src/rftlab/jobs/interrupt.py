"""SIGTERM, Ctrl-C and the death of the Snakemake that started a stage: they stop a training between two steps."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from rftlab.jobs.environment import SUPERVISOR


class StoppedError(BaseException):
    """Someone wants this process to end; ``code`` is what it exits with. No ``except Exception`` may swallow it."""

    def __init__(self, reason: str, code: int) -> None:
        super().__init__(reason)
        self.reason, self.code = reason, code


class Interrupts:
    """Turns signals into :class:`StoppedError`: at once, or where they are held, when they are released.

    While rollouts are sampled and scored and gradients computed, nothing that a run remembers changes: a round can be
    given up at any instruction. From the optimizer's step to the end of the round it must not be.
    """

    def __init__(self) -> None:
        self.held = False
        self.signal: signal.Signals | None = None
        self.supervisor = _supervisor()
        self._supervisor_start = _start_time(self.supervisor)
        before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
        self._before = {number: handler for number, handler in before.items() if handler != signal.SIG_IGN}

    def __enter__(self) -> Interrupts:
        for number in self._before:
            signal.signal(number, self._receive)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _receive(self, number: int, _: FrameType | None) -> None:
        self.signal = signal.Signals(number)
        if not self.held:
            self._raise()

    def _raise(self) -> None:
        if self.signal is not None:
            self.held = (
                True  # Ctrl-C comes twice, from the terminal and from Snakemake: the second must not stop the saving
            )
            raise StoppedError(f"stopped by {self.signal.name}", 128 + self.signal)

    def hold(self) -> None:
        """From now on signals wait."""
        self.held = True

    def release(self) -> None:
        """Signals act again.

        Raises:
            StoppedError: one has come meanwhile, or nobody waits for this process any more. After ``kill -9`` of
                Snakemake its jobs would run on, unseen, beside those that the next call starts.
        """
        self.held = False
        self._raise()
        if self.supervisor and _start_time(self.supervisor) != self._supervisor_start:
            raise StoppedError(f"Snakemake, pid {self.supervisor}, is gone", 128 + signal.SIGHUP)


def stop_supervisor() -> None:
    """Ask the Snakemake of this stage, if it is on this machine, to start no more jobs, not even independent ones."""
    if pid := _supervisor():
        os.kill(pid, signal.SIGTERM)


def pass_on_interrupts() -> None:
    """From now on SIGINT ends the jobs of this Snakemake as well, however it was sent.

    A terminal sends Ctrl-C to all of them; of ``kill -INT`` Snakemake alone would know, and wait for its jobs to end.
    """
    before = signal.getsignal(signal.SIGINT)
    if not callable(before):  # ignored, as a shell has it for what it starts in the background
        return

    def receive(number: int, frame: FrameType | None) -> None:
        for pid in _jobs():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)
        before(number, frame)

    signal.signal(signal.SIGINT, receive)


def _jobs() -> Iterator[int]:
    """Processes of this one's group that it, or one of these, has started; forked stages have groups of their own."""
    found = {os.getpid()}
    processes = {int(path.name): _status(int(path.name)) for path in Path("/proc").glob("[0-9]*")}
    group = {pid: int(fields[1]) for pid, fields in processes.items() if fields and int(fields[2]) == os.getpgrp()}
    while more := {pid for pid, parent in group.items() if parent in found} - found:
        yield from more
        found |= more


def _supervisor() -> int | None:
    """Pid of the Snakemake that runs this stage; None without one on this machine."""
    host, _, pid = os.environ.get(SUPERVISOR, "").rpartition(":")
    return int(pid) if host == socket.gethostname() and pid.isdecimal() and _start_time(int(pid)) else None


def _start_time(pid: int | None) -> str:
    """When a process started, in the kernel's ticks, so that another of its pid is told apart; empty for none."""
    fields = _status(pid)
    return fields[19] if fields and fields[0] != "Z" else ""


def _status(pid: int | None) -> list[str]:
    """What the kernel tells of a process: its state, parent, process group, …; empty for none, and without Linux."""
    if pid is None or sys.platform != "linux":
        return []
    try:
        status = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return []
    return status.rpartition(")")[2].split()  # the name before may hold anything, a parenthesis too
