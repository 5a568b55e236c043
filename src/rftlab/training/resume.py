"""Exact resume: what a run under way keeps on disk, so that after any kill it goes on as if nothing had happened.

``<run>/.state`` holds the logs as they grow and, by round, the two newest saved states: weights, optimizer, what the
training remembers, and how far the logs went. Sampling needs no random state (:mod:`rftlab.randomness`), so that this
is all. A state belongs to one key, the digests of what the run is made of; of another key it is never resumed.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import socket
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout
from transformers import PreTrainedModel

from rftlab.errors import BadInputError
from rftlab.files import canonical_json, read_json, sync, whole_directory, write_json
from rftlab.jobs.environment import STATE_CONFIG
from rftlab.runfolder.log import DIVERGED, REMOVED, RUN_FILES, STATE, publish
from rftlab.training.saved_state import LOGS, read_facts, read_tensors, write_state

SAVED_STATES = 2  # the newest so many stay
BYTES_PER_SECOND = 250e6  # assumed of a disk before the first state has been saved


@dataclass(frozen=True)
class StateConfig:
    """How often state is saved, how long a stopped process has, and how long one waits for another of the same run."""

    every_seconds: float = 60.0
    grace_seconds: float = 10.0
    wait_seconds: float = 30.0

    @classmethod
    def read(cls) -> StateConfig:
        """From the environment; a stage that is called by hand has the defaults."""
        return cls(**json.loads(os.environ.get(STATE_CONFIG, "{}")))


class RunState:
    """The state directory of one run, locked for this process.

    Args:
        folder: the run's.
        key: what the run is made of, name → digest.
        config: when to save, and how long to wait.
    """

    def __init__(self, folder: Path, key: Mapping[str, str], config: StateConfig) -> None:
        self.folder, self.key, self.config = folder, dict(key), config
        self.place = folder / STATE
        self.earlier_seconds, self.processes, self.waited = 0.0, 1, False
        self.saved_round: int | None = None
        self.saving_seconds: float | None = None
        self._began_at = self._saved_at = time.monotonic()
        self._done_place = folder / f"{STATE}.done"
        self._lock = FileLock(folder / ".lock", fallback_to_soft=False)

    def __enter__(self) -> RunState:
        """Lock the run.

        Raises:
            BadInputError: another process holds it, and still does after ``wait_seconds``.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        owner = Path(self._lock.lock_file)
        try:
            try:
                self._lock.acquire(timeout=0)
            except Timeout:
                self.waited = True
                print(
                    f"{self.folder}: {_holder(owner)} is at it; waiting for {self.config.wait_seconds:g} s", flush=True
                )
                self._lock.acquire(timeout=self.config.wait_seconds)
        except Timeout:
            raise BadInputError(
                f"{self.folder}: {_holder(owner)} trains this run; wait until it ends, or end it"
            ) from None
        except OSError as error:
            if error.errno != errno.ENOSYS:
                raise
            raise BadInputError(f"{self.folder}: this file system has no file locks, which a run needs") from None
        owner.write_text(canonical_json({"host": socket.gethostname(), "pid": os.getpid()}))
        shutil.rmtree(self._done_place, ignore_errors=True)
        return self

    def __exit__(self, *_: object) -> None:
        if not self.place.exists():  # it has ended; whoever waits at a removed file notices
            Path(self._lock.lock_file).unlink(missing_ok=True)
        self._lock.release()

    # reading ---------------------------------------------------------------------------------------------------------

    def load(self, models: Mapping[str, PreTrainedModel], optimizer: torch.optim.Optimizer) -> dict[str, Any] | None:
        """Put weights and optimizer where the newest whole state has them; return what the training remembered then.

        Logs are cut back to that moment and later checkpoints removed. Without any state everything begins anew, and
        nothing of an earlier run is left.

        Raises:
            BadInputError: there are states, and none is whole.
        """
        self._refuse_other_key()
        states, errors = self._saved_states(), []
        for path in states:
            try:
                facts = read_facts(path, self.folder, self.key)
            except (OSError, ValueError, KeyError, TypeError) as error:
                errors.append(f"{path.name}: {error}")
                print(f"{path} is not whole ({error}): going back to the state before it", file=sys.stderr, flush=True)
                continue
            for newer in states[: states.index(path)]:  # not whole
                shutil.rmtree(newer)
            read_tensors(path, facts, models, optimizer)
            self._cut_back(facts)
            return dict(facts["memory"])
        if errors:
            raise BadInputError(
                f"{self.place}: no saved state is whole ({'; '.join(errors)}); "
                "remove the folder to train this run from its beginning"
            )
        self._begin()
        return None

    def _refuse_other_key(self) -> None:
        path = self.place / "key.json"
        try:
            stored_key = dict(read_json(path))
        except (OSError, ValueError):  # killed before it was written: each state says whose it is
            stored_key = self.key
        if stored_key != self.key:
            other = ", ".join(name for name in self.key if stored_key.get(name) != self.key[name])
            print(f"{self.place}: the state there is of another run (other {other}): removed", flush=True)
            for entry in self.place.iterdir():  # the key last: a kill leaves no state that nobody owns
                if entry != path:
                    shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        write_json(path, self.key)

    def _saved_states(self) -> list[Path]:
        return sorted(self.place.glob("round-*"), reverse=True)

    def _cut_back(self, facts: Mapping[str, Any]) -> None:
        for name, log in facts["logs"].items():
            os.truncate(self.place / name, log["bytes"])
        paths = {entry["path"] for entry in facts["memory"]["checkpoints"]}
        for checkpoint in (self.folder / "checkpoints").glob("*"):
            if checkpoint.relative_to(self.folder).as_posix() not in paths:
                shutil.rmtree(checkpoint)
        self._tidy()
        self.earlier_seconds, self.processes = facts["seconds"], facts["processes"] + 1
        self.saved_round = facts["memory"]["round"]
        print(f"{self.folder}: goes on after round {self.saved_round}, saved before", flush=True)

    def _begin(self) -> None:
        if any((self.place / name).exists() and (self.place / name).stat().st_size for name in LOGS):
            print(f"{self.folder}: ended before its first state was saved; begins again", flush=True)
        shutil.rmtree(self.folder / "checkpoints", ignore_errors=True)
        self._tidy()
        for name in LOGS:
            (self.place / name).write_bytes(b"")

    def _tidy(self) -> None:
        """Remove what a killed process left half-written."""
        for folder in (self.folder, self.place, self.folder / "checkpoints"):
            for path in folder.glob(".*.tmp"):
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    # writing ---------------------------------------------------------------------------------------------------------

    @property
    def due(self) -> bool:
        """Whether the last state is older than ``every_seconds``."""
        return time.monotonic() - self._saved_at >= self.config.every_seconds

    def save(
        self, memory: dict[str, Any], models: Mapping[str, PreTrainedModel], optimizer: torch.optim.Optimizer
    ) -> None:
        """Save the state after the round that ``memory`` names; nothing where that has been done.

        Raises:
            OSError: the disk is full, or the like; the states saved before are untouched.
        """
        if memory["round"] == self.saved_round:
            return
        start = time.monotonic()
        for name in LOGS:
            sync(self.place / name)
        with whole_directory(self.place / f"round-{memory['round']:07d}") as folder:
            facts = {"key": self.key, "memory": memory, "seconds": self.total_seconds, "processes": self.processes}
            write_state(folder, self.folder, facts, models, optimizer)
        for path in self._saved_states()[SAVED_STATES:]:
            shutil.rmtree(path)
        self._saved_at = time.monotonic()
        self.saved_round, self.saving_seconds = memory["round"], self._saved_at - start

    def save_in_time(
        self, memory: dict[str, Any], models: Mapping[str, PreTrainedModel], optimizer: torch.optim.Optimizer
    ) -> str:
        """Save before the process ends, unless that would take longer than it has; return what became of the run."""
        seconds = self.saving_seconds
        if seconds is None:  # weights of each model, and two moments of the policy's
            policy = models["policy"]
            size = sum(p.numel() * p.element_size() for m in (*models.values(), policy, policy) for p in m.parameters())
            seconds = size / BYTES_PER_SECOND
        if seconds <= self.config.grace_seconds:
            self.save(memory, models, optimizer)
        elif self.saved_round != memory["round"]:
            newest = f"the state after round {self.saved_round}" if self.saved_round else "nothing"
            return f"{newest} is kept: saving would take {seconds:.0f} s of a grace of {self.config.grace_seconds:g} s"
        return f"the state after round {memory['round']} is saved; the same command goes on from there"

    def publish(self, documents: Mapping[str, Any]) -> None:
        """Write the last documents, publish the run's files in its folder, and forget its state in one step."""
        for name, value in documents.items():
            write_json(self.place / name, value)
        publish(self.place, self.folder, RUN_FILES)
        self.place.rename(self._done_place)
        shutil.rmtree(self._done_place)

    def unpublish(self) -> None:
        """Remove what an earlier training published, the manifest first: it must not outlive its checkpoints."""
        for name in (*reversed(RUN_FILES), REMOVED, DIVERGED):
            (self.folder / name).unlink(missing_ok=True)

    @property
    def published_by_another(self) -> bool:
        """Whether the process that this one has waited for has ended this very run."""
        whole = self.waited and (self.folder / RUN_FILES[-1]).exists()
        return whole and read_json(self.folder / "provenance.json").get("key") == self.key

    @property
    def total_seconds(self) -> float:
        """Seconds of training so far, those of earlier processes included."""
        return round(self.earlier_seconds + time.monotonic() - self._began_at, 3)


def _holder(path: Path) -> str:
    """Whom a lock file names."""
    try:
        owner = json.loads(path.read_text())
        return f"pid {owner['pid']} on {owner['host']}"
    except (OSError, ValueError, KeyError):  # it has locked the file this very moment
        return "another process"
