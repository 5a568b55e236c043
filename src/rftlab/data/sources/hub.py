"""Datasets of the model hub, at the commit and with the file digests that the study's lock names.

Files come from the Hugging Face cache (:mod:`rftlab.hub`) and are read by the package ``datasets``, with the reader and
the options that it chose itself when the lock was written. Nothing that comes with a dataset is ever executed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from annotated_types import MinLen

from rftlab.data.fields import FieldNames, Fields, collect
from rftlab.data.numbers import exact_floats
from rftlab.data.queries import SPLITS, BySplit, DataError, Split, SplitName, refuse_unknown_splits
from rftlab.data.records import NO_LIMIT, NO_NAMES


@dataclass(frozen=True)
class SplitFiles:
    """The hub's name of a split and the SHA-256 of each of its files."""

    split: str
    files: Mapping[str, str]


@dataclass(frozen=True)
class Repository:
    """A dataset at a commit, and how its files are read."""

    id: str
    commit: str
    reader: str
    options: Mapping[str, Any]


@dataclass(frozen=True)
class Source:
    """A locked dataset: its files by split, its fields, and the first k distinct queries of a split that are used."""

    repository: Repository
    files: Mapping[str, SplitFiles]
    fields: Fields
    limit: Mapping[str, int]

    @classmethod
    def parse(
        cls,
        /,
        id: str,
        commit: str,
        reader: str,
        options: Mapping[str, Any],
        splits: Annotated[Mapping[SplitName, Mapping[str, Any]], MinLen(1)],
        fields: FieldNames = NO_NAMES,
        limit: BySplit = NO_LIMIT,
    ) -> Source:
        """From study and lock: ``{"id", "commit", "reader", "options", "splits": {split: {"split", "files": {path:
        sha256}}}, "fields"?, "limit"?}``.
        """
        refuse_unknown_splits(limit, splits, "limit: ")
        for split, entry in splits.items():
            if entry.keys() != {"split", "files"} or not isinstance(entry["files"], dict) or not entry["files"]:
                raise DataError(f"splits.{split}: the hub's split and its files, path → SHA-256, are needed")
        files = {split: SplitFiles(**splits[split]) for split in SPLITS if split in splits}
        return cls(Repository(id, commit, reader, options), files, Fields.parse(**fields), dict(limit))

    @property
    def splits(self) -> tuple[str, ...]:
        """Splits that the study takes."""
        return tuple(self.files)

    def read(self) -> dict[str, Split]:
        """Read every split; with a limit k, its first k distinct queries.

        Raises:
            DataError: a record that cannot be used.
            BadInputError: a file is neither in the cache nor to be had, or is another than the lock's.
        """
        return {
            name: collect(self.fields, rows(self.repository, split), self.limit.get(name))
            for name, split in self.files.items()
        }


def rows(dataset: Repository, split: SplitFiles) -> Iterator[tuple[str, dict[str, Any]]]:
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
        schema = stream.features.arrow_schema if stream.features else None
        for record in stream:
            number += 1
            yield f"{where}: row {number}", exact_floats(record, schema)
    except DataError:
        raise
    except Exception as error:  # each reader fails in its own way
        raise DataError(f"{where}: cannot be read as {dataset.reader}: {error}") from None
    if not number:
        raise DataError(f"{where}: there are no records; at least one is needed")
