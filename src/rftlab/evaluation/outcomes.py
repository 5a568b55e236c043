"""The one format of outcome files: a row per checkpoint, evaluation set, query and sample, written and read here."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rftlab.errors import BadInputError
from rftlab.files import canonical_json, replacing

if TYPE_CHECKING:  # pandas and pyarrow load when a file is written or read
    import pandas as pd
    import pyarrow as pa


@dataclass(frozen=True)
class Made:
    """What outcomes were made with: the fingerprint of the code, the job's configuration, what was read.

    ``checkpoints`` are the weights' checksums by round, ``queries`` those of the files of queries by evaluation set.
    """

    code: str
    config: Mapping[str, Any]
    checkpoints: Mapping[int, str]
    queries: Mapping[str, str]


@dataclass(frozen=True)
class Outcome:
    """One response to one query and what its verifier made of it, as :class:`rftlab.rewards.scoring.Score` has it.

    ``sample`` counts the responses to a query; ``query`` is its id; ``tokens`` the length of the response, its first
    end token included; ``truncated`` says that no end token came in time.
    """

    sample: int
    query: str
    correct: bool
    strict: bool
    flexible: bool
    formatted: bool
    failure: str | None
    extracted: str | None
    completion: str
    tokens: int
    truncated: bool


COLUMNS = {  # name → type, in the order of the file: what was evaluated, then the outcome
    **{"model": "str", "dataset": "str", "variant": "str", "seed": "int"},
    **{"round": "int", "evaluation_set": "str", "decoding": "str"},
    **{field.name: str(field.type).removesuffix(" | None") for field in dataclasses.fields(Outcome)},
}
OPTIONAL = [field.name for field in dataclasses.fields(Outcome) if str(field.type).endswith(" | None")]
COLUMNS_NOT_READ = ("model", "dataset", "variant", "seed", "completion")  # the completions are most of a file
COLUMNS_READ = [name for name in COLUMNS if name not in COLUMNS_NOT_READ]


def _types() -> dict[str, pa.DataType]:
    """Every column's type."""
    import pyarrow as pa

    types = {"str": pa.string(), "int": pa.int64(), "bool": pa.bool_()}
    return {name: types[kind] for name, kind in COLUMNS.items()}


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]], overlong: Mapping[str, int], made: Made) -> None:
    """Write outcomes as Parquet, whole or not at all.

    Its metadata say how many overlong prompts each set lost, and what the outcomes were made with.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    metadata = {"overlong": json.dumps(dict(overlong)), "made": canonical_json(dataclasses.asdict(made))}
    schema = pa.schema(list(_types().items()), metadata=metadata)
    table = pa.Table.from_pylist(list(rows), schema=schema)
    with replacing(path) as temporary:
        pq.write_table(table, temporary)


@contextmanager
def _parquet_errors(path: Path) -> Iterator[None]:
    """Errors of reading a file, in one line."""
    import pyarrow as pa

    try:
        yield
    except FileNotFoundError:
        raise BadInputError(f"{path}: no such file: not evaluated yet") from None
    except (pa.ArrowException, OSError) as error:
        raise BadInputError(f"{path}: not a Parquet file: {error}") from None


def read_made(path: Path) -> Made:
    """What the outcomes of a file were made with.

    Raises:
        BadInputError: no such file, or it does not say so.
    """
    import pyarrow.parquet as pq

    with _parquet_errors(path):
        metadata = pq.read_schema(path).metadata or {}
    try:
        made = Made(**json.loads(metadata[b"made"]))
        return dataclasses.replace(made, checkpoints={int(number): sha for number, sha in made.checkpoints.items()})
    except (KeyError, ValueError, TypeError, AttributeError):
        raise BadInputError(
            f"{path}: it does not say what it was made with: remove it, so that it is made again"
        ) from None


def read_rows(path: Path) -> pd.DataFrame:
    """Read the columns ``COLUMNS_READ`` of an outcome file; texts are categories, those of queries sorted.

    Raises:
        BadInputError: no such file, or not an outcome file.
    """
    import pyarrow.parquet as pq

    texts, types = [name for name in COLUMNS_READ if COLUMNS[name] == "str"], _types()
    with _parquet_errors(path):
        schema = pq.read_schema(path)
        if missing := [column for column in COLUMNS_READ if column not in schema.names]:
            raise BadInputError(f"{path}: not an evaluation file, the columns {', '.join(missing)} are missing")
        for name in COLUMNS_READ:
            if schema.names.count(name) > 1 or schema.field(name).type != types[name]:
                raise BadInputError(f"{path}: not an evaluation file, {name} is not one column of {types[name]}")
        table = pq.ParquetFile(path, read_dictionary=texts).read(columns=COLUMNS_READ)
    for name in COLUMNS_READ:
        if name not in OPTIONAL and table.column(name).null_count:
            raise BadInputError(f"{path}: not an evaluation file, {name} has no value in some rows")
    rows: pd.DataFrame = table.unify_dictionaries().to_pandas()
    rows["query"] = rows["query"].cat.set_categories(sorted(rows["query"].cat.categories))
    return rows
