"""A run's folder while it is written: logs that grow line by line and are published when complete."""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rftlab.files import write_bytes

RUN_FILES = ("run.json", "metrics.jsonl", "timings.jsonl", "provenance.json", "checkpoints.json")  # the manifest last
REMOVED = "removed.json"  # which checkpoints were removed, and what had been made of them
DIVERGED = "diverged.jsonl"  # the round in which a run diverged
STATE = ".state"  # of a run under way, in the run's folder


def append_json(path: Path, row: dict[str, Any]) -> None:
    """Append one line to a log; the line is complete once it ends with a newline."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row, allow_nan=False, ensure_ascii=False) + "\n")


def publish(state: Path, folder: Path, names: Iterable[str]) -> None:
    """Copy finished files from the state directory of a run into its folder, each whole or not at all.

    Not moved: Snakemake deletes what was published if it is killed before the job has ended, and the run goes on from
    its state directory.
    """
    for name in names:
        write_bytes(folder / name, (state / name).read_bytes())


def peak_memory_mb() -> float:
    """Largest resident memory of this process so far, in MiB."""
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB on Linux
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20
