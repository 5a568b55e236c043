"""Signals, and the death of the Snakemake that started a stage: at once where nothing is held, else at release."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from rftlab.jobs import interrupt
from rftlab.jobs.environment import SUPERVISOR
from rftlab.jobs.interrupt import Interrupts, StoppedError

HOST = os.uname().nodename
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.fixture(autouse=True)
def _unsupervised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SUPERVISOR, raising=False)


@pytest.fixture
def snakemake(monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[bytes]]:
    """A process that stands for the Snakemake of this stage."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    monkeypatch.setenv(SUPERVISOR, f"{HOST}:{process.pid}")
    yield process
    process.kill()
    process.communicate()


def send(number: int) -> None:
    os.kill(os.getpid(), number)


def handlers() -> list[object]:
    return [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_acts_at_once(number: signal.Signals) -> None:
    with Interrupts(), pytest.raises(StoppedError) as stopped:
        send(number)
    assert stopped.value.reason == str(stopped.value) == f"stopped by {number.name}"
    assert stopped.value.code == 128 + number


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_that_is_held_acts_at_release(number: signal.Signals) -> None:
    with Interrupts() as interrupts:
        interrupts.hold()
        send(number)
        with pytest.raises(StoppedError) as stopped:
            interrupts.release()
    assert stopped.value.code == 128 + number


def test_after_release_signals_act_at_once_again() -> None:
    with Interrupts() as interrupts:
        interrupts.hold()
        interrupts.release()
        with pytest.raises(StoppedError):
            send(signal.SIGTERM)


def test_a_second_signal_does_not_stop_the_stopping() -> None:
    with Interrupts():
        with pytest.raises(StoppedError):
            send(signal.SIGINT)
        send(signal.SIGINT)


def test_no_ordinary_handler_swallows_it() -> None:
    with Interrupts(), pytest.raises(StoppedError), contextlib.suppress(Exception):
        send(signal.SIGTERM)


def test_handlers_are_given_back() -> None:
    before = handlers()
    with Interrupts():
        assert handlers() != before
    assert handlers() == before
    with pytest.raises(StoppedError), Interrupts():
        send(signal.SIGTERM)
    assert handlers() == before


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    """As a shell has it for Ctrl-C of what it starts in the background."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Interrupts():
            send(signal.SIGINT)
            assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


SNAKEMAKE = """\
import os, subprocess, sys, time
from rftlab.jobs.interrupt import pass_on_interrupts
pass_on_interrupts()
job = "import time, sys; print(flush=True); time.sleep(600)"
shell = ["bash", "-c", 'set -e; "$0" -c "$1"', sys.executable, job]
first = subprocess.Popen(shell, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
other = subprocess.Popen([sys.executable, "-c", job], stdout=subprocess.PIPE, start_new_session=True)
first.stdout.read(1), other.stdout.read(1)
try:
    print(flush=True)
    time.sleep(600)
except KeyboardInterrupt:
    print(first.wait() != 0, other.poll() is None, flush=True)
    other.kill()
"""


@linux
def test_an_interrupt_of_snakemake_alone_reaches_its_jobs() -> None:
    """Those in its process group, at any depth; a process of another group is somebody else's to end."""
    command = [sys.executable, "-c", SNAKEMAKE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60)[0] == "True True\n"


def test_where_interrupts_are_ignored_they_stay_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        interrupt.pass_on_interrupts()
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


# the Snakemake that runs the stage -----------------------------------------------------------------------------------


@linux
def test_the_death_of_snakemake_is_noticed_at_release(snakemake: subprocess.Popen[bytes]) -> None:
    interrupts = Interrupts()
    interrupts.release()
    snakemake.kill()
    os.waitid(os.P_PID, snakemake.pid, os.WEXITED | os.WNOWAIT)  # a zombie: nobody has asked how it ended
    for _ in range(2):
        with pytest.raises(StoppedError) as stopped:
            interrupts.release()
        assert stopped.value.reason == f"Snakemake, pid {snakemake.pid}, is gone"
        assert stopped.value.code == 128 + signal.SIGHUP
        snakemake.wait()  # and then not even that


@linux
def test_another_process_of_the_same_pid_is_not_taken_for_it(
    snakemake: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupts = Interrupts()
    later = str(int(interrupt._start_time(snakemake.pid)) + 1)
    monkeypatch.setattr(interrupt, "_start_time", lambda pid: later)
    with pytest.raises(StoppedError, match="is gone"):
        interrupts.release()


@linux
def test_the_name_of_a_process_may_hold_anything(snakemake: subprocess.Popen[bytes]) -> None:
    before = interrupt._start_time(snakemake.pid)
    assert before.isdecimal()
    code = "open('/proc/self/comm', 'w').write('a) Z (b 1 2'); print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as named:
        assert named.stdout is not None
        named.stdout.readline()
        ticks = int(interrupt._start_time(named.pid)) - int(before)
        assert 0 <= ticks < 60 * os.sysconf("SC_CLK_TCK")
        named.kill()


@pytest.mark.parametrize("where", ["", "nowhere", "another-host:{pid}", f"{HOST}:{{gone}}", f"{HOST}:", f"{HOST}:x"])
def test_who_is_not_there_is_not_watched(
    snakemake: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    monkeypatch.setenv(SUPERVISOR, where.format(pid=snakemake.pid, gone=ended.pid))
    interrupts = Interrupts()
    assert interrupts.supervisor is None
    snakemake.kill()
    snakemake.wait()
    interrupts.release()
