import os
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rftlab.data.queries import (
    SHARES,
    DataError,
    Overlap,
    Query,
    check_overlap,
    query_id,
    read_queries,
    split_of,
    write_queries,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


def of(text: str) -> Query:
    return Query(query_id(text), text, "1")


def test_identifiers_and_splits_are_pinned() -> None:
    # every dataset and every run's random numbers hang on these
    assert query_id("3+4-2=") == "fcad6bb56f28"
    assert [split_of(text) for text in ("3+4-2=", "1+1=", "4-4=")] == ["train", "validation", "test"]


def test_splits_have_their_shares() -> None:
    counts = Counter(split_of(f"query {i}") for i in range(20_000))
    assert sum(SHARES.values()) == pytest.approx(1)
    for split, share in SHARES.items():
        assert counts[split] / 20_000 == pytest.approx(share, abs=0.012)  # more than 3 standard errors


@given(st.dictionaries(TEXTS, st.tuples(TEXTS, TEXTS), min_size=1))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, texts: dict[str, tuple[str, str]]) -> None:
    queries = [Query(query_id(q), q, a, {"solution": s, "terms": 3}) for q, (a, s) in texts.items()]
    path = tmp_path_factory.mktemp("queries") / "train.jsonl"
    write_queries(path, queries)
    assert read_queries(path) == queries
    assert path.read_bytes().count(b"\n") == len(queries)


def test_bytes_do_not_depend_on_the_order_of_metadata(tmp_path) -> None:
    for name, metadata in (("a", {"x": 1, "y": 2}), ("b", {"y": 2, "x": 1})):
        write_queries(tmp_path / name, [Query("1", "é", "2", metadata)])
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a").read_bytes() == '{"answer":"2","id":"1","metadata":{"x":1,"y":2},"query":"é"}\n'.encode()


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch) -> None:
    path = tmp_path / "train.jsonl"
    write_queries(path, [of("old")])

    def full_disk(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        write_queries(path, [of("new")])
    assert read_queries(path) == [of("old")]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"id":"1","query":"q"}\n', ":1: a query needs the texts id, query, answer; this record has 'id', 'query'"),
        ('{"id":"1","query":"q","answer":5}\n', ":1: a query needs the texts"),
        ('{"id":"1","query":"q","answer":"5"}\n' * 2, ":2: id '1' occurs twice"),
        ("", ": the file is empty"),
    ],
)
def test_what_is_no_query_is_refused(tmp_path, content: str, message: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(content)
    with pytest.raises(DataError) as error:
        read_queries(path)
    assert str(error.value).startswith(f"{path}{message}")


def test_overlap_is_counted_exactly_and_normalised() -> None:
    train = [of("What is 2 + 2?"), of("Where?")]
    evaluation = [of("What is 2 + 2?"), of("what  is 2 + 2?\n"), of("Where"), of("What is 2 + 3?")]
    assert check_overlap(train, evaluation) == Overlap(exact=1, normalised=2)
    assert check_overlap(evaluation, evaluation).exact == 4
    assert check_overlap([], evaluation) == Overlap(0, 0)
