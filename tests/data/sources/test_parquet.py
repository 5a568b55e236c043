from decimal import Decimal
from pathlib import Path

import numpy as np
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
    ("kind", "value", "answer"),
    [
        (pa.float64(), 0.1, "0.1"),
        (pa.float32(), 0.1, "0.1"),
        (pa.float16(), 0.1, "0.1"),
        (pa.float32(), 16777216.0, "16777216"),
        (pa.float32(), 1e-7, "0.0000001"),
        (pa.decimal128(20, 4), Decimal("12.5000"), "12.5"),
        (pa.decimal256(60, 0), Decimal(10**50), "1" + "0" * 50),
        (pa.uint64(), 2**64 - 1, str(2**64 - 1)),
        (pa.int8(), -7, "-7"),
        (pa.dictionary(pa.int8(), pa.string()), "x", "x"),
    ],
    ids=str,
)
def test_numbers_of_every_width(tmp_path, kind: pa.DataType, value: object, answer: str) -> None:
    """A single next to 0.1 is 0.10000000149011612 as a double: the answer is what the file's author wrote."""
    value = np.float16(value) if kind == pa.float16() else value
    table = pa.table({"question": ["?"], "answer": pa.array([value], kind), "also": pa.array([value], kind)})
    pq.write_table(table, tmp_path / "a.parquet")
    (query,) = read({"source": "parquet", "files": {"test": str(tmp_path / "a.parquet")}})["test"].queries
    assert query.answer == answer
    assert query.metadata["also"] == (float(answer) if isinstance(query.metadata["also"], float) else value)


def test_two_columns_of_one_name_are_refused(tmp_path) -> None:
    """Which of them is meant nobody can say."""
    table = pa.Table.from_arrays([pa.array([text]) for text in ("?", "1", "2")], names=["question", "answer", "answer"])
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(DataError, match="two columns are named 'answer'; every column needs its own name"):
        read({"source": "parquet", "files": {"test": str(tmp_path / "a.parquet")}})


def test_single_precision_choices(tmp_path) -> None:
    choices = pa.array(
        [{"text": [0.1, 2.5], "label": ["A", "B"]}],
        pa.struct({"text": pa.list_(pa.float32()), "label": pa.list_(pa.string())}),
    )
    pq.write_table(pa.table({"question": ["?"], "answer": ["B"], "choices": choices}), tmp_path / "a.parquet")
    config = {"source": "parquet", "files": {"test": str(tmp_path / "a.parquet")}, "fields": {"choices": "choices"}}
    (query,) = read(config)["test"].queries
    assert query.query == "?\nA. 0.1\nB. 2.5"


@pytest.mark.parametrize(
    ("kind", "value"), [(pa.bool_(), True), (pa.float32(), float("nan")), (pa.binary(), b"3"), (pa.date32(), 3)]
)
def test_answers_that_are_neither_text_nor_number(tmp_path, kind: pa.DataType, value: object) -> None:
    pq.write_table(pa.table({"question": ["?"], "answer": pa.array([value], kind)}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r"row 1: field 'answer' is .*; the answer needs a text or a number"):
        read({"source": "parquet", "files": {"test": str(tmp_path / "a.parquet")}})


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
