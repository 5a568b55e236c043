"""Sources that are files by path: JSONL and Parquet, one file a split, read with the field mapping of ``fields``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rftlab.data.fields import Fields, Split, collect, parse_fields, parse_limit, refuse_unknown
from rftlab.data.queries import SPLITS, DataError, read_jsonl

KEYS = ("source", "files", "fields", "limit")


@dataclass(frozen=True)
class Records:
    """A configuration of files, checked; ``limit`` holds the first k."""

    source: str
    files: Mapping[str, Path]
    fields: Fields
    limit: Mapping[str, int]


def parse(config: Mapping[str, Any]) -> Records:
    """Check ``{"source": "jsonl" or "parquet", "files": {split: path}, "fields"?: …, "limit"?: {split: k}}``.

    Paths are relative to the working directory.

    Raises:
        DataError: an unknown key or a value that cannot be; the message begins with the key.
    """
    refuse_unknown(config, KEYS, "")
    source = config.get("source", "jsonl")
    kind = NAMES[source]
    files = config.get("files")
    if not isinstance(files, Mapping) or not files:
        example = f"{{'train': 'a.{source}'}}"
        raise DataError(f"files: a path for each split is needed, for instance {example}, not {files!r}")
    refuse_unknown(files, SPLITS, "files.")
    for split, path in files.items():
        if not isinstance(path, str) or not path:
            raise DataError(f"files.{split}: the path of a {kind} file is needed, not {path!r}")
    fields, limit = parse_fields(config.get("fields", {})), parse_limit(config.get("limit", {}), files)
    return Records(source, {split: Path(files[split]) for split in SPLITS if split in files}, fields, limit)


def read(config: Mapping[str, Any]) -> dict[str, Split]:
    """Read every split; with a limit k, its first k distinct queries, and the file no further than that.

    Raises:
        DataError: as ``parse``; or ``path:line: …`` for a file or record that cannot be used.
    """
    records = parse(config)
    rows = READERS[records.source]
    return {
        split: collect(records.fields, rows(path), records.limit.get(split)) for split, path in records.files.items()
    }


def read_parquet(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield ``("path: row i", record)`` for every row of a Parquet file, the first being 1.

    Raises:
        DataError: a file that is missing, unreadable, empty or no Parquet file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=1024):
                for row in batch.to_pylist():
                    number += 1
                    yield f"{path}: row {number}", row
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}; a Parquet file is needed") from None
    except pa.ArrowException as error:
        raise DataError(f"{path}: not a whole Parquet file: {error}") from None
    if not number:
        raise DataError(f"{path}: the file is empty; at least one row is needed")


NAMES = {"jsonl": "JSONL", "parquet": "Parquet"}
READERS: dict[str, Callable[[Path], Iterator[tuple[str, dict[str, Any]]]]] = {
    "jsonl": read_jsonl,
    "parquet": read_parquet,
}
