"""The data stage: a dataset's configuration becomes ``<split>.jsonl`` files and the manifest ``data.json``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from rftlab.data import hub, procedural, reasoning_gym, records
from rftlab.data.queries import SPLITS, DataError, Query, check_overlap, encode
from rftlab.errors import did_you_mean
from rftlab.files import write_bytes

SOURCES = ("procedural", "reasoning_gym", "jsonl", "parquet", "hub")
MANIFEST = "data.json"


@dataclass(frozen=True)
class Dataset:
    """Queries by split, and what reading them dropped.

    By split: duplicates, of them conflicts (another answer), and where records stood that end in an empty box.
    """

    splits: dict[str, list[Query]]
    duplicates: dict[str, int]
    conflicts: dict[str, int]
    unanswered: dict[str, list[str]]


def check(config: Mapping[str, Any]) -> None:
    """Check a dataset's configuration without generating or opening anything.

    Raises:
        DataError: an unknown key or a value that cannot be; the message begins with the key.
    """
    if not isinstance(config, Mapping):
        raise DataError(f"a dataset is a mapping with a source, not {config!r}")
    source = config.get("source")
    if source not in SOURCES:
        raise DataError(
            f"source: one of {', '.join(SOURCES)} is needed, not {source!r}{did_you_mean(str(source), [*SOURCES])}"
        )
    if source == "procedural":
        procedural.parse(config)
    elif source == "reasoning_gym":
        reasoning_gym.parse(config)
    elif source == "hub":
        hub.parse(config)
    else:
        records.parse(config)


def split_names(config: Mapping[str, Any]) -> list[str]:
    """Return the splits a dataset has, in order; raises as ``check``."""
    check(config)
    if config["source"] == "procedural":
        return [split for split in SPLITS if split in procedural.parse(config).sizes]
    if config["source"] == "reasoning_gym":
        return [split for split in SPLITS if split in reasoning_gym.parse(config).sizes]
    return list(hub.parse(config).splits if config["source"] == "hub" else records.parse(config).files)


def load(config: Mapping[str, Any]) -> Dataset:
    """Return the queries of a dataset, the same for the same configuration and files.

    Raises:
        DataError: as ``check``; or a family with too few queries, or a file that cannot be used.
    """
    check(config)
    if config["source"] == "procedural":
        splits = procedural.generate(config)
        return Dataset(splits, dict.fromkeys(splits, 0), dict.fromkeys(splits, 0), {split: [] for split in splits})
    readers = {"reasoning_gym": reasoning_gym.generate, "hub": hub.read}
    read = readers.get(config["source"], records.read)(config)
    return Dataset(
        {name: split.queries for name, split in read.items()},
        {name: split.duplicates for name, split in read.items()},
        {name: split.conflicts for name, split in read.items()},
        {name: split.unanswered for name, split in read.items()},
    )


def stage(config: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Write each split and, last, the manifest, which it returns.

    ``overlaps`` counts, for two splits of the dataset, the queries of the second that also occur in the first.

    Raises:
        DataError: as ``load``.
        OSError: the folder cannot be written.
    """
    dataset = load(config)
    contents = {name: encode(queries) for name, queries in dataset.splits.items()}
    manifest = {
        "config": dict(config),
        "splits": {
            name: {
                "path": f"{name}.jsonl",
                "queries": len(dataset.splits[name]),
                "duplicates": dataset.duplicates[name],
                "conflicts": dataset.conflicts[name],
                "unanswered": dataset.unanswered[name],
                "sha256": hashlib.sha256(content).hexdigest(),
            }
            for name, content in contents.items()
        },
        "overlaps": {
            f"{first}/{second}": asdict(check_overlap(dataset.splits[first], dataset.splits[second]))
            for first, second in combinations(dataset.splits, 2)
        },
    }
    for name, content in contents.items():
        write_bytes(folder / f"{name}.jsonl", content)
    text = json.dumps(manifest, ensure_ascii=False, sort_keys=True, indent=1)
    write_bytes(folder / MANIFEST, f"{text}\n".encode())
    return manifest
