"""A reward of the user's: a Python file with a function ``reward(records)``, run in processes that can be killed.

A record is a mapping: ``query``, ``answer``, ``metadata``, ``completion`` (as it was sampled, thoughts included),
``tokens`` (of the response), ``truncated``, and ``correct``, the judgement of the study's verifier. A call holds at
most ``RECORDS`` of them. The function returns as many numbers, or named parts of them, ``{"brevity": [0.1, …], …}``,
whose sum is the reward; None is the value of a record that cannot be scored. What a record is worth may depend on that
record alone: calls are cut as it suits, and one that ends its process is made again, record by record.
"""

from __future__ import annotations

import atexit
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rftlab.files import file_sha256
from rftlab.rewards.declared import RewardFileError, read_reward_file
from rftlab.rewards.file_pool import RECORDS, FilePool, Result
from rftlab.rewards.terms import Floats, Record, Scored

UNSCORED = "unscored"
"""Reason of a failure: the file itself returned None."""
IN_VAIN = 32
"""So many rollouts, in batches of which none could be scored, stop a run; fewer may be one query's bad luck."""


class RewardFile:
    """Score batches with a reward file; the first batch starts its processes, which end with this one.

    Raises:
        RewardFileError: it cannot be used, or has been edited since ``sha256`` was taken.
    """

    def __init__(self, path: str, sha256: str, parameters: Mapping[str, Any]) -> None:
        self.path, self.parameters = path, dict(parameters)
        read_reward_file(path)
        if file_sha256(Path(path)) != sha256:
            raise RewardFileError(f"{path}: it has been edited since this run was planned; start the study again")
        self.pool: FilePool | None = None
        self.in_vain = 0

    def __call__(self, scored: Scored) -> tuple[dict[str, Floats], list[str | None]]:
        """Parts of each record's value, and why it has none: such a record's parts are 0.

        A call that ends its process, or takes too long, is made again for each of its records: what fails then is one
        record's, and is named on stderr.

        Raises:
            RewardFileError: ``reward`` raises or returns what are no values, or no record could be scored for long.
        """
        records = list(scored.records)
        calls = [list(range(i, min(i + RECORDS, len(records)))) for i in range(0, len(records), RECORDS)]
        results = self._results(records, calls)
        broken = [call for call, (_, reason) in zip(calls, results, strict=True) if reason and len(call) > 1]
        done = [(call, result) for call, result in zip(calls, results, strict=True) if call not in broken]
        singles = [[i] for call in broken for i in call]
        done += zip(singles, self._results(records, singles), strict=True)

        names = list(dict.fromkeys(name for _, (parts, _) in sorted(done) for name in parts or ()))
        values = {name: np.zeros(len(records)) for name in names}
        failures: list[str | None] = [None] * len(records)
        for call, (parts, reason) in done:
            for at, i in enumerate(call):
                row = {name: of_call[at] for name, of_call in (parts or {}).items()}
                failures[i] = reason or (UNSCORED if None in row.values() else None)
                if failures[i] is None:
                    for name, value in row.items():
                        values[name][i] = value
        self._name(records, failures)
        return values or {"file": np.zeros(len(records))}, failures

    def _results(self, records: Sequence[Record], calls: Sequence[list[int]]) -> list[Result]:
        if not calls:
            return []
        if self.pool is None:
            self.pool = FilePool(self.path, self.parameters)
            atexit.register(self.pool.close)
        return self.pool.work([[as_json(records[i]) for i in call] for call in calls])

    def _name(self, records: Sequence[Record], failures: Sequence[str | None]) -> None:
        failed = [(record.key, reason) for record, reason in zip(records, failures, strict=True) if reason]
        for (_, query, occurrence, rollout), reason in failed:
            if reason != UNSCORED:
                where = f"query {query}, occurrence {occurrence}, rollout {rollout}"
                print(f"{self.path}: {where}: {reason}: counted, and paid 0", file=sys.stderr, flush=True)
        self.in_vain = self.in_vain + len(records) if len(failed) == len(records) else 0
        if self.in_vain >= IN_VAIN:
            raise RewardFileError(
                f"{self.path}: none of the last {self.in_vain} rollouts could be scored ({failed[-1][1]}): "
                "nothing would be learnt"
            )


def as_json(record: Record) -> dict[str, Any]:
    """A record as ``reward`` is given it."""
    names = ("query", "answer", "metadata", "completion", "tokens", "truncated")
    return {**{name: getattr(record, name) for name in names}, "correct": record.score.correct}
