"""Parquet files, one row a record."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rftlab.data.numbers import exact_floats
from rftlab.data.queries import DataError
from rftlab.data.records import RecordFiles


class Source(RecordFiles):
    """One row a record."""

    @staticmethod
    def rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield ``("path: row i", record)`` for every row of a Parquet file, the first being 1.

        Raises:
            DataError: a file that is missing, unreadable, empty or no Parquet file, or has two columns of one name.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        number = 0
        try:
            with pq.ParquetFile(path) as file:
                names = file.schema_arrow.names
                if twice := [name for name in names if names.count(name) > 1]:
                    raise DataError(f"{path}: two columns are named {twice[0]!r:.40}; every column needs its own name")
                for batch in file.iter_batches(batch_size=1024):
                    for row in batch.to_pylist():
                        number += 1
                        yield f"{path}: row {number}", exact_floats(row, batch.schema)
        except OSError as error:
            raise DataError(f"{path}: cannot be read: {error.strerror or error}; a Parquet file is needed") from None
        except pa.ArrowException as error:
            raise DataError(f"{path}: not a whole Parquet file: {error}") from None
        if not number:
            raise DataError(f"{path}: the file is empty; at least one row is needed")
