from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rftlab.data.queries import DataError
from rftlab.data.sources import source_of

SVAMP_FIELDS = {"query": ["Body", "Question"], "answer": "Answer"}


def read(config):
    return source_of(config).read()


def parquet(path: Path, rows: list[dict[str, object]]) -> dict[str, object]:
    pq.write_table(pa.Table.from_pylist(rows), path)
    return {"source": "parquet", "files": {"test": str(path)}}


def test_parquet_has_the_same_mapping(tmp_path) -> None:
    rows = [{"Body": "Ann has 3.", "Question": "How many?", "Answer": 3.0, "ID": "x", "weight": float("nan")}]
    (query,) = read({**parquet(tmp_path / "a.parquet", rows), "fields": SVAMP_FIELDS})["test"].queries
    assert (query.query, query.answer, query.metadata) == ("Ann has 3. How many?", "3", {"ID": "x"})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "PATH: cannot be read: "),
        (b"", "PATH: not a whole Parquet file: "),
        (b"PAR1 and no more", "PATH: not a whole Parquet file: "),
        ([], "PATH: the file is empty; at least one row is needed"),
        (
            [{"question": "a", "answer": "1"}, {"question": "b", "answer": None}],
            "PATH: row 2: field 'answer' is None; ",
        ),
        ([{"question": "a"}], "PATH: row 1: the answer needs field 'answer'; this record has 'question'"),
    ],
    ids=str,
)
def test_parquet_files_that_cannot_be_used(tmp_path, content, message: str) -> None:
    path = tmp_path / "a.parquet"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        schema = None if content else pa.schema([("question", pa.string())])
        pq.write_table(pa.Table.from_pylist(content, schema=schema), path)
    with pytest.raises(DataError) as error:
        read({"source": "parquet", "files": {"test": str(path)}})
    assert str(error.value).replace(str(path), "PATH").startswith(message)
