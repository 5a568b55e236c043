"""What sources that are files by path share: one file a split, read with the field mapping of ``fields``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

from annotated_types import MinLen

from rftlab.data.fields import FieldNames, Fields, collect
from rftlab.data.queries import SPLITS, BySplit, Split, SplitName, refuse_unknown_splits

NO_NAMES: FieldNames = {}
NO_LIMIT: BySplit = {}


@dataclass(frozen=True)
class RecordFiles:
    """Files by split, relative to the working directory; ``limit`` takes the first k distinct queries of a split."""

    files: Mapping[str, Path]
    fields: Fields
    limit: Mapping[str, int]

    @classmethod
    def parse(
        cls,
        /,
        files: Annotated[Mapping[SplitName, str], MinLen(1)],
        fields: FieldNames = NO_NAMES,
        limit: BySplit = NO_LIMIT,
    ) -> Self:
        """From ``{"files": {split: path}, "fields"?: {"query"?, "answer"?, "choices"?}, "limit"?: {split: k}}``."""
        refuse_unknown_splits(limit, files, "limit: ")
        paths = {split: Path(files[split]) for split in SPLITS if split in files}
        return cls(paths, Fields.parse(**fields), dict(limit))

    @property
    def splits(self) -> tuple[str, ...]:
        """Splits that have a file."""
        return tuple(self.files)

    def read(self) -> dict[str, Split]:
        """Read every split; with a limit k, its first k distinct queries, and the file no further than that.

        Raises:
            DataError: ``path:line: …`` for a file or record that cannot be used.
        """
        return {
            split: collect(self.fields, self.rows(path), self.limit.get(split)) for split, path in self.files.items()
        }

    @staticmethod
    def rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Where each record of a file stands, and the record."""
        raise NotImplementedError
