import json
from fractions import Fraction

import pytest

from realdata import REAL, needs_real_files
from rftlab.data.queries import DataError, query_id
from rftlab.data.sources import source_of
from rftlab.rewards.verifiers import gsm8k_strict, numeric

SVAMP_FIELDS = {"query": ["Body", "Question"], "answer": "Answer"}


def read(config):
    return source_of({"source": "jsonl", **config}).read()


@pytest.fixture
def split(tmp_path):
    """Read one split from lines, records or bytes."""

    def read_one(content, **config):
        path = tmp_path / "a.jsonl"
        if not isinstance(content, bytes):
            content = "".join(f"{r if isinstance(r, str) else json.dumps(r)}\n" for r in content).encode()
        path.write_bytes(content)
        return read({"source": "jsonl", "files": {"test": str(path)}, **config})["test"]

    return read_one


def test_gsm8k(split) -> None:
    answer = "She sold 480/2 = <<480/2=240>>240 clips.\nTotal <<1000+240=1240>>1,240 #### no\n#### 1,240"
    (query,) = split([{"question": " How many? ", "answer": answer}]).queries
    assert (query.id, query.query, query.answer) == (query_id("How many?"), "How many?", "1240")
    assert query.metadata == {"solution": "She sold 480/2 = 240 clips.\nTotal 1,240 #### no\n#### 1,240"}


def test_plain_records_keep_their_answer_and_their_other_fields(split) -> None:
    (query,) = split([{"question": "Where?", "answer": "(1,2)", "level": 3, "tags": ["a"], "solution": "so"}]).queries
    assert query.answer == "(1,2)"
    assert query.metadata == {"level": 3, "solution": "so"}


@pytest.mark.parametrize(
    ("value", "text"), [(145.0, "145"), (-3.0, "-3"), (0.5, "0.5"), (7, "7"), (" 7 ", "7"), (1e20, "1" + "0" * 20)]
)
def test_numbers_as_answers(split, value: object, text: str) -> None:
    assert split([{"question": "q", "answer": value}]).queries[0].answer == text


def test_numbers_keep_the_digits_that_the_file_has(tmp_path) -> None:
    """Twenty digits are more than a float holds."""
    path = tmp_path / "a.jsonl"
    path.write_text('{"question": "q", "answer": 3.14159265358979323846, "also": 2.50}\n')
    (query,) = read({"source": "jsonl", "files": {"test": str(path)}})["test"].queries
    assert (query.answer, query.metadata) == ("3.14159265358979323846", {"also": 2.5})


def test_named_fields_are_joined_in_order(split) -> None:
    (query,) = split(
        [{"Question": "How many?", "Body": "Ann has 3.", "Answer": 3.0, "ID": "x"}], fields=SVAMP_FIELDS
    ).queries
    assert (query.query, query.answer, query.metadata) == ("Ann has 3. How many?", "3", {"ID": "x"})


def test_duplicates_are_kept_once_and_counted(split) -> None:
    records = [("a", 1), ("b", 2), ("a", 1), ("a", 3), ("c", 4)]
    found = split([{"question": q, "answer": a} for q, a in records])
    assert [(query.query, query.answer) for query in found.queries] == [("a", "1"), ("b", "2"), ("c", "4")]
    assert (found.duplicates, found.conflicts) == (2, 1)


def test_a_limit_takes_the_first_distinct_queries(split) -> None:
    records = [{"question": q, "answer": 1} for q in "aabcd"]
    assert [query.query for query in split(records, limit={"test": 2}).queries] == ["a", "b"]
    assert len(split(records, limit={"test": 9}).queries) == 4


def test_lines_end_at_newlines_only_and_blank_ones_are_skipped(split) -> None:
    content = "\ufeff" + '{"question":"a\u2028b","answer":"1"}\r\n\n  \n{"question":"c","answer":"2"}'
    assert [query.query for query in split(content.encode()).queries] == ["a\u2028b", "c"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "PATH: the file is empty; at least one JSON record is needed"),
        (b"\n \n", "PATH: the file is empty"),
        (['{"question": "q", "answer": "1"}', "{question}"], "PATH:2: not JSON (Expecting property name"),
        (["[1]"], "PATH:1: a JSON object is needed, this line is a list"),
        (['{"question": "q", "answer": NaN}'], "PATH:1: not usable JSON (NaN is not JSON)"),
        (['{"question": "q", "answer": ' + "1" * 5000 + "}"], "PATH:1: not usable JSON"),
        (["[" * 100_000], "PATH:1: not "),
        (b'{"question": "\xff"}', "PATH:1: not UTF-8"),
        ([{"question": "q"}], "PATH:1: the answer needs field 'answer'; this record has 'question'"),
        ([{}], "PATH:1: the query needs field 'question'; this record has no keys"),
        ([{"question": "q", "answer": ""}], "PATH:1: field 'answer' is empty"),
        ([{"question": " ", "answer": "1"}], "PATH:1: field 'question' is empty"),
        ([{"question": "q", "answer": None}], "PATH:1: field 'answer' is None; the answer needs a text or a number"),
        ([{"question": "q", "answer": True}], "PATH:1: field 'answer' is True"),
        ([{"question": ["q"], "answer": 1}], "PATH:1: field 'question' is ['q']"),
        (['{"question": "q", "answer": 1e999}'], "PATH:1: not usable JSON (the number 1e999 is too large)"),
        ([{"question": "q", "answer": "so it is\n####  "}], "PATH:1: nothing follows the last #### in field 'answer'"),
        (['{"question": "\\ud800", "answer": "1"}'], "PATH:1: half of a surrogate pair"),
        (['{"question": "q", "answer": "\\ud800"}'], "PATH:1: half of a surrogate pair"),
        (['{"question": "q", "answer": "1", "note": "\\ud800"}'], "PATH:1: half of a surrogate pair"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_line(split, tmp_path, content, message: str) -> None:
    with pytest.raises(DataError) as error:
        split(content)
    assert str(error.value).startswith(message.replace("PATH", str(tmp_path / "a.jsonl")))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["absent.jsonl", "."])
def test_a_file_that_is_not_there(tmp_path, name: str) -> None:
    with pytest.raises(DataError, match=r"cannot be read: .*; a JSONL file is needed"):
        read({"files": {"train": str(tmp_path / name)}})


@needs_real_files
def test_every_gold_solution_of_gsm8k_verifies() -> None:
    splits = read({"files": {name: str(REAL / "gsm8k" / f"{name}.jsonl") for name in ("train", "test")}})
    assert {name: len(split.queries) for name, split in splits.items()} == {"train": 7473, "test": 1319}
    for query in splits["train"].queries + splits["test"].queries:
        solution = query.metadata["solution"]
        assert "<<" not in solution
        assert gsm8k_strict.verify(solution, query.answer) == gsm8k_strict.Judgement(True, query.answer)
        assert numeric.verify(solution, query.answer).correct


@needs_real_files
def test_svamp() -> None:
    split = read({"files": {"test": str(REAL / "svamp" / "test.jsonl")}, "fields": SVAMP_FIELDS})["test"]
    assert (len(split.queries), split.duplicates) == (1000, 0)
    first = split.queries[0]
    assert first.query.startswith("There are 87 oranges")
    assert first.query.endswith("How big is each group of bananas?")
    assert (first.answer, first.metadata["Type"]) == ("145", "Common-Division")
    assert all(Fraction(query.answer).denominator == 1 for query in split.queries)


@needs_real_files
def test_math_files() -> None:
    """The answer is the content of the last box; of the two that are empty, none is kept, and both are listed."""
    files = {name: str(REAL / "math" / f"{name}.jsonl") for name in ("train", "test")}
    splits = read({"files": files, "fields": {"query": "problem", "answer": "solution"}})
    assert {name: len(split.queries) for name, split in splits.items()} == {"train": 7498, "test": 5000}
    assert len(splits["train"].unanswered) == 2
    assert all(r"\boxed" not in query.answer for split in splits.values() for query in split.queries)
