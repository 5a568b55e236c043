from pathlib import Path

import pytest

from rftlab.data.fields import Fields
from rftlab.data.records import RecordFiles


def test_what_is_left_out_has_a_default_and_splits_have_one_order() -> None:
    source = RecordFiles.parse({"test": "b", "train": "a"})
    assert source == RecordFiles({"train": Path("a"), "test": Path("b")}, Fields(), {})
    assert source.splits == ("train", "test")


def test_fields_and_limits() -> None:
    source = RecordFiles.parse({"train": "a"}, {"query": ["a", "b"], "choices": "c"}, {"train": 3})
    assert source.fields == Fields(("a", "b"), "answer", ("c",))
    assert source.limit == {"train": 3}


def test_each_source_of_files_says_what_its_records_are(tmp_path: Path) -> None:
    class Lines(RecordFiles):
        @staticmethod
        def rows(path: Path):
            return ((f"{path.name}:{i}", {"question": line, "answer": i}) for i, line in enumerate(path.open(), 1))

    (tmp_path / "a").write_text("one\ntwo\none\n")
    split = Lines.parse({"test": str(tmp_path / "a")}).read()["test"]
    assert [(query.query, query.answer) for query in split.queries] == [("one", "1"), ("two", "2")]
    assert (split.duplicates, split.conflicts) == (1, 1)
    with pytest.raises(NotImplementedError):
        RecordFiles.parse({"test": "a"}).read()
