"""A run's folder: JSON files written atomically, logs that grow line by line and are published when complete."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import secrets
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any


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


def write_bytes(path: Path, content: bytes) -> None:
    """Replace a file in one step: a reader, or a run after a crash, sees the old content or the new, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")  # machines that share a folder share no ids
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


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
    """Move finished files from the state directory of a run into its folder."""
    for name in names:
        (state / name).replace(folder / name)


def peak_memory_mb() -> float:
    """Largest resident memory of this process so far, in MiB."""
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB on Linux
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20
