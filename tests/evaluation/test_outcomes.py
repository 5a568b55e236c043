"""Outcome files: what is written is read, whole or not at all, and what is no such file is refused by name."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rftlab.errors import BadInputError
from rftlab.evaluation.outcomes import (
    COLUMNS,
    COLUMNS_NOT_READ,
    COLUMNS_READ,
    Made,
    Outcome,
    read_made,
    read_rows,
    write_rows,
)
from synthetic import write_study

FILE = Path("results/synthetic/evaluations/tiny-qwen2/chains/baseline/seed-0/id.parquet")
MADE = Made("c0de", {"labels": {"seed": 0}}, {5: "aa", 10: "bb"}, {"sums": "cc"})
OUTCOME = Outcome(
    sample=0,
    query="a",
    correct=True,
    strict=False,
    flexible=True,
    formatted=True,
    failure=None,
    extracted="5",
    completion="ö #5\n",
    tokens=6,
    truncated=False,
)


@pytest.fixture(autouse=True)
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_study(tmp_path, variants=("baseline",), seeds=(0,))
    monkeypatch.chdir(tmp_path)


def row(**changes: Any) -> dict[str, Any]:
    labels = {"model": "m", "dataset": "d", "variant": "baseline", "seed": 0}
    asked = {"round": 5, "evaluation_set": "sums", "decoding": "greedy"}
    return labels | asked | dataclasses.asdict(OUTCOME) | changes


def test_completions_are_not_read() -> None:
    pq.write_table(pq.read_table(FILE).drop_columns("completion"), FILE)
    assert len(read_rows(FILE))


def test_a_missing_and_a_broken_file_are_named() -> None:
    FILE.write_bytes(b"not parquet at all")
    with pytest.raises(BadInputError, match="not a Parquet file") as refused:
        read_rows(FILE)
    assert str(FILE) in str(refused.value)
    FILE.unlink()
    with pytest.raises(BadInputError, match=f"{FILE}: no such file"):
        read_rows(FILE)


def test_what_is_missing_or_is_no_outcome_is_named() -> None:
    table = pq.read_table(FILE)
    pq.write_table(table.drop_columns(["strict", "completion", "round", "query"]), FILE)
    with pytest.raises(BadInputError) as refused:
        read_rows(FILE)
    assert str(refused.value) == f"{FILE}: not an evaluation file, the columns round, query, strict are missing"


def test_a_file_has_a_column_for_what_was_evaluated_and_for_each_part_of_an_outcome(tmp_path: Path) -> None:
    write_rows(tmp_path / "x.parquet", [row()], {}, MADE)
    types = {"str": pa.string(), "int": pa.int64(), "bool": pa.bool_()}
    schema = pq.read_schema(tmp_path / "x.parquet")
    assert list(zip(schema.names, schema.types, strict=True)) == [(name, types[kind]) for name, kind in COLUMNS.items()]
    assert list(COLUMNS) == list(row())
    assert {COLUMNS[name] for name in ("correct", "strict", "flexible", "formatted", "truncated")} == {"bool"}
    assert {COLUMNS[name] for name in ("seed", "round", "sample", "tokens")} == {"int"}


def test_what_is_written_is_there_row_by_row(tmp_path: Path) -> None:
    rows = [row(), row(query="b", correct=False, failure="timeout", extracted=None), row(seed=2**40, round=10)]
    write_rows(tmp_path / "new" / "folder" / "x.parquet", iter(rows), {}, MADE)
    assert pq.read_table(tmp_path / "new" / "folder" / "x.parquet").to_pylist() == rows


def test_a_file_without_rows_has_its_columns(tmp_path: Path) -> None:
    write_rows(tmp_path / "x.parquet", [], {"sums": 3}, MADE)
    assert list(read_rows(tmp_path / "x.parquet").columns) == COLUMNS_READ
    assert json.loads(pq.read_schema(tmp_path / "x.parquet").metadata[b"overlong"]) == {"sums": 3}


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "place" / "x.parquet"
    write_rows(path, [row()], {}, MADE)

    def half(table: pa.Table, where: Path) -> None:
        Path(where).write_bytes(b"PAR1")
        raise OSError("no space")

    with monkeypatch.context() as patch:
        patch.setattr(pq, "write_table", half)
        with pytest.raises(OSError, match="no space"):
            write_rows(path, [row(round=6)], {}, MADE)
    with pytest.raises(pa.ArrowInvalid):
        write_rows(path, [row(seed="no number")], {}, MADE)
    assert pq.read_table(path).to_pylist() == [row()]
    assert list(path.parent.iterdir()) == [path]
    write_rows(path, [row(round=6)], {"sums": 1}, MADE)
    assert pq.read_table(path).to_pylist() == [row(round=6)]


def test_only_what_tables_need_is_read_and_queries_are_sorted_categories(tmp_path: Path) -> None:
    write_rows(tmp_path / "x.parquet", [row(query=name) for name in ("c", "a", "b", "a")], {}, MADE)
    found = read_rows(tmp_path / "x.parquet")
    assert list(found.columns) == COLUMNS_READ == [name for name in COLUMNS if name not in COLUMNS_NOT_READ]
    assert "completion" not in COLUMNS_READ
    assert found["query"].tolist() == ["c", "a", "b", "a"]
    assert found["query"].cat.categories.tolist() == ["a", "b", "c"]
    assert found["query"].cat.codes.tolist() == [2, 0, 1, 0]
    assert found["correct"].tolist() == [True] * 4
    assert found["failure"].isna().all()


def test_queries_of_several_row_groups_are_the_same_categories(tmp_path: Path) -> None:
    write_rows(tmp_path / "x.parquet", [row(query=name) for name in ("b", "c", "a", "b")], {}, MADE)
    pq.write_table(pq.read_table(tmp_path / "x.parquet"), tmp_path / "x.parquet", row_group_size=2)
    found = read_rows(tmp_path / "x.parquet")
    assert found["query"].tolist() == ["b", "c", "a", "b"]
    assert found["query"].cat.codes.tolist() == [1, 2, 0, 1]


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("query", pa.array([1])),
        ("extracted", pa.array([1.5])),
        ("decoding", pa.array([["greedy"]])),
        ("correct", pa.array([7])),
        ("correct", pa.array(["yes"])),
        ("tokens", pa.array([1.0])),
        ("truncated", pa.array([None], pa.null())),
    ],
)
def test_a_column_of_another_type_is_named(column: str, values: pa.Array) -> None:
    table = pq.read_table(FILE).slice(0, 1)
    pq.write_table(table.set_column(table.column_names.index(column), column, values), FILE)
    with pytest.raises(BadInputError, match=f"{FILE}: not an evaluation file, {column} is not one column of "):
        read_rows(FILE)


def test_a_column_that_is_there_twice_is_named() -> None:
    table = pq.read_table(FILE)
    pq.write_table(table.append_column("query", table.column("query")), FILE)
    with pytest.raises(BadInputError, match=f"{FILE}: not an evaluation file, query is not one column of string"):
        read_rows(FILE)


@pytest.mark.parametrize("column", [name for name in COLUMNS_READ if name not in ("failure", "extracted")])
def test_a_row_without_a_value_is_refused(column: str) -> None:
    table = pq.read_table(FILE).slice(0, 1)
    values = pa.nulls(1, table.schema.field(column).type)
    pq.write_table(table.set_column(table.column_names.index(column), column, values), FILE)
    with pytest.raises(BadInputError, match=f"{column} has no value in some rows"):
        read_rows(FILE)


def test_a_folder_is_no_file() -> None:
    FILE.unlink()
    FILE.mkdir()
    with pytest.raises(BadInputError, match="not a Parquet file"):
        read_rows(FILE)


def test_a_file_says_what_it_was_made_with(tmp_path: Path) -> None:
    write_rows(tmp_path / "x.parquet", [row()], {}, MADE)
    assert read_made(tmp_path / "x.parquet") == MADE
    with pytest.raises(BadInputError, match="no such file: not evaluated yet"):
        read_made(tmp_path / "y.parquet")


@pytest.mark.parametrize(
    "made", [None, "[]", "{", '{"code": "c"}', json.dumps(dataclasses.asdict(MADE) | {"checkpoints": 3})]
)
def test_a_file_that_does_not_say_so_is_to_be_made_again(tmp_path: Path, made: str | None) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pq.read_table(FILE).replace_schema_metadata(made and {"made": made}), path)
    with pytest.raises(BadInputError, match=f"{path}: it does not say what it was made with: remove it"):
        read_made(path)
