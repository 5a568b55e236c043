"""A run's folder: JSON files written atomically, logs that grow line by line and are published when complete."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import secrets
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

RUN_FILES = ("run.json", "metrics.jsonl", "timings.jsonl", "provenance.json", "checkpoints.json")  # the manifest last
STATE = ".state"  # of a run under way, in the run's folder
STATE_CONFIG = "RFTLAB_STATE"  # environment: the study's section `state`, as JSON; no param, since no result needs it


def canonical_json(value: Any) -> str:
    """One string for one value: keys sorted, no spaces, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False)


def digest(value: Any) -> str:
    """16 hexadecimal digits that identify a JSON value."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:16]


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Replace a file in one step: write to the path this yields, which takes the file's place once it is on disk.

    A reader, or a run after a crash, sees the old content or the new, never a part. The temporary name is
    this call's own, also among several machines that share the folder.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")  # machines that share a folder share no ids
    try:
        yield temporary
        sync(temporary)
        temporary.replace(path)
        sync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Bring a file, or the names in a directory, to the disk itself."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_bytes(path: Path, content: bytes) -> None:
    """Replace a file in one step."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, text: str) -> None:
    """Replace a text file, in UTF-8, in one step."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file for people and programs: keys as given, indented, ending with a newline."""
    write_text(path, json.dumps(value, indent=1, allow_nan=False, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


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
