"""Files written atomically, JSON, digests: whoever reads finds the old content or the new, never a part."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rftlab.errors import BadInputError, os_errors


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


def json_option(name: str, **shape: Any) -> Callable[[str], dict[str, Any]]:
    """Reader of a stage's option ``name``, for argparse: a JSON object of a ``shape``; it raises BadInputError.

    A shape is a type, or for an object the shape of every key it must have; ``"*"`` are all keys.
    """

    def read(text: str) -> dict[str, Any]:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise BadInputError(f"{name}: not JSON ({error}); a JSON object is needed") from None
        if not isinstance(value, dict):
            raise BadInputError(f"{name}: a JSON object is needed, not {text[:60]}")
        refuse_other_shape(name, value, shape)
        return value

    return read


def refuse_other_shape(where: str, value: Any, shape: Any) -> None:
    """Refuse a value of JSON that has not a ``shape``, as :func:`json_option` explains it.

    Raises:
        BadInputError: ``where: key: …``, what is needed and what is there.
    """
    kind, keys = (dict, dict(shape)) if isinstance(shape, Mapping) else (shape, {})
    if not isinstance(value, kind):
        text = json.dumps(value)
        needed = "a JSON object" if kind is dict else f"a value of type {getattr(kind, '__name__', kind)}"
        raise BadInputError(f"{where}: {needed} is needed, not {text if len(text) <= 60 else f'{text[:60]}…'}")
    every = keys.pop("*", None)
    if missing := [key for key in keys if key not in value]:
        raise BadInputError(f"{where}: the JSON object has no {missing[0]!r}; {', '.join(keys)} are needed")
    if every is not None:
        keys = dict.fromkeys(value, every) | keys
    for key, below in keys.items():
        refuse_other_shape(f"{where}: {key}", value[key], below)


@contextmanager
def whole_directory(folder: Path) -> Iterator[Path]:
    """Replace a directory: fill the one this yields; it takes its place once every file is on disk.

    It has a temporary name until then, so that no reader ever finds half of it. Between the removal of the old one and
    the renaming of the new there is none.

    Raises:
        OSError: among others the disk is full; the old directory stays, the new one is removed.
    """
    temporary = folder.with_name(f".{folder.name}.{socket.gethostname()}.{os.getpid()}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        with os_errors():
            yield temporary
        for path in [*temporary.iterdir(), temporary]:
            sync(path)
        shutil.rmtree(folder, ignore_errors=True)
        temporary.rename(folder)
        sync(folder.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
