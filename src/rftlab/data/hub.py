"""Datasets of the model hub, at the commit and with the file digests that the study's lock names.

Files come from the Hugging Face cache (:mod:`rftlab.hub`) and are read by the package ``datasets``, with the reader and
the options that it chose itself when the lock was written. Nothing that comes with a dataset is ever executed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rftlab.data.fields import Fields, Split, collect, parse_fields, parse_limit, refuse_unknown
from rftlab.data.queries import SPLITS, DataError

KEYS = ("source", "id", "commit", "reader", "options", "splits", "fields", "limit")


@dataclass(frozen=True)
class LockedSplit:
    """The hub's name of a split and the SHA-256 of each of its files."""

    split: str
    files: Mapping[str, str]


@dataclass(frozen=True)
class HubDataset:
    """A locked dataset's configuration, checked."""

    id: str
    commit: str
    reader: str
    options: Mapping[str, Any]
    splits: Mapping[str, LockedSplit]
    fields: Fields
    limit: Mapping[str, int]


def parse(config: Mapping[str, Any]) -> HubDataset:
    """Check a hub dataset's configuration as planning writes it from study and lock.

    ``{"source": "hub", "id", "commit", "reader", "options", "splits": {split: {"split", "files": {path: sha256}}},
    "fields"?, "limit"?}``; nothing is opened.

    Raises:
        DataError: an unknown key or a value that cannot be; the message begins with the key.
    """
    refuse_unknown(config, KEYS, "")
    for key in ("id", "commit", "reader", "options", "splits"):
        if key not in config:
            raise DataError(f"{key}: a dataset of the hub needs it; `rftlab fetch STUDY` writes it into the lock")
    refuse_unknown(config["splits"], SPLITS, "splits.")
    splits = {split: LockedSplit(**config["splits"][split]) for split in SPLITS if split in config["splits"]}
    fields, limit = parse_fields(config.get("fields", {})), parse_limit(config.get("limit", {}), splits)
    return HubDataset(config["id"], config["commit"], config["reader"], config["options"], splits, fields, limit)


def read(config: Mapping[str, Any]) -> dict[str, Split]:
    """Read every split; with a limit k, its first k distinct queries.

    Raises:
        DataError: as ``parse``; or a record that cannot be used.
        BadInputError: a file is neither in the cache nor to be had, or is another than the lock's.
    """
    dataset = parse(config)
    return {
        name: collect(dataset.fields, rows(dataset, split), dataset.limit.get(name))
        for name, split in dataset.splits.items()
    }


def rows(dataset: HubDataset, split: LockedSplit) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield ``("id split: row i", record)`` for every record, the first being 1.

    Raises:
        DataError: the files are not what their reader takes them for, or hold nothing.
        BadInputError: as ``read``.
    """
    from rftlab import hub

    paths = hub.files("dataset", dataset.id, dataset.commit, split.files)
    import datasets

    datasets.config.HF_UPDATE_DOWNLOAD_COUNTS = False  # reading local files asks nobody
    datasets.disable_progress_bars()
    where = f"{dataset.id} {split.split}"
    number = 0
    try:
        stream = datasets.load_dataset(
            dataset.reader,
            data_files={"records": [str(path) for path in paths.values()]},
            split="records",
            streaming=True,
            **dataset.options,
        )
        for record in stream:
            number += 1
            yield f"{where}: row {number}", record
    except DataError:
        raise
    except Exception as error:  # each reader fails in its own way
        raise DataError(f"{where}: cannot be read as {dataset.reader}: {error}") from None
    if not number:
        raise DataError(f"{where}: there are no records; at least one is needed")
