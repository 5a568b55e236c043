"""What is read of a locked dataset: files by their digests, with the reader and options that the lock names."""

from __future__ import annotations

import gc
import hashlib
import json
from pathlib import Path
from types import GeneratorType

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rftlab import hub
from rftlab.data.fields import Fields
from rftlab.data.queries import DataError
from rftlab.data.sources import source_of
from rftlab.data.sources.hub import Repository, SplitFiles, rows

COMMIT = "0123456789" * 4
LINES = [{"question": f"{i}?", "answer": str(i)} for i in range(4)]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The one file of every split, as the cache has it."""
    path = tmp_path / "records.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in LINES))
    monkeypatch.setattr(hub, "files", lambda kind, repository, commit, digests: dict.fromkeys(digests, path))
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    return path


def config(file: Path, **other: object) -> dict[str, object]:
    files = {"records.jsonl": hashlib.sha256(file.read_bytes()).hexdigest()}
    splits = {"test": {"split": "validation", "files": files}, "train": {"split": "train", "files": files}}
    known = {"source": "hub", "id": "org/sums", "commit": COMMIT, "reader": "json", "options": {}, "splits": splits}
    return {**known, **other}


def test_a_configuration_is_taken_apart(file: Path) -> None:
    source = source_of(config(file, fields={"query": "q"}, limit={"test": 2}))
    assert source.splits == ("train", "test")
    assert source.repository == Repository("org/sums", COMMIT, "json", {})
    assert (source.files["test"].split, source.fields, source.limit) == ("validation", Fields(("q",)), {"test": 2})


def test_records_are_read_by_datasets_and_limited(file: Path) -> None:
    splits = source_of(config(file, limit={"test": 2})).read()
    assert [query.answer for query in splits["train"].queries] == ["0", "1", "2", "3"]
    assert [query.query for query in splits["test"].queries] == ["0?", "1?"]


def test_single_precision_is_read_at_its_width(file: Path) -> None:
    table = pa.table({"question": ["?"], "answer": pa.array([0.1], pa.float32())})
    pq.write_table(table, file)
    splits = source_of(config(file, reader="parquet")).read()
    assert splits["train"].queries[0].answer == "0.1"


@pytest.mark.parametrize("changes", [{"fields": {"query": "problem"}}, {"limit": {"train": 1, "test": 1}}], ids=str)
def test_no_reader_is_left_where_reading_ends_early(file: Path, changes: dict[str, object]) -> None:
    """Its threads would meet the end of the interpreter, and abort it."""
    pq.write_table(pa.Table.from_pylist(LINES * 5), file, row_group_size=2)
    failed = None
    try:
        source_of(config(file, reader="parquet", **changes)).read()
    except DataError as error:
        failed = error
    assert (failed is None) == ("limit" in changes)
    frames = [found.gi_frame for found in gc.get_objects() if type(found) is GeneratorType]
    reading = {frame.f_code.co_name for frame in frames if frame and "datasets" in frame.f_code.co_filename}
    assert not reading


def test_every_record_says_where_it_stands(file: Path) -> None:
    places = [where for where, _ in rows(Repository("org/sums", COMMIT, "json", {}), SplitFiles("train", {"a": "b"}))]
    assert places == [f"org/sums train: row {i}" for i in range(1, 5)]


@pytest.mark.parametrize(
    ("content", "message"),
    [("not json", "org/sums validation: cannot be read as json: "), ("", "org/sums validation: ")],
)
def test_files_that_are_not_what_their_reader_takes_them_for(file: Path, content: str, message: str) -> None:
    file.write_text(content)
    with pytest.raises(DataError) as error:
        source_of(config(file)).read()
    assert message.replace("validation", "train") in str(error.value)


def test_a_record_that_cannot_be_used_is_named(file: Path) -> None:
    with pytest.raises(DataError, match="org/sums train: row 1: the query needs field 'prompt'"):
        source_of(config(file, fields={"query": "prompt"})).read()
