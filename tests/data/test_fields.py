"""One mapping for every source: worked solutions, multiple choice, and records that cannot be used."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal

import pytest

from rftlab.data.fields import Fields, collect, to_query
from rftlab.data.queries import DataError

CHOICE = Fields(choices=("choices",))
FOUR = ["one", "two", "three", 4]


@pytest.mark.parametrize(
    ("solution", "answer"),
    [
        (r"so $\boxed{2}$.", "2"),
        (r"first $\boxed{1}$, then $\boxed{\frac{1}{2}}$", r"\frac{1}{2}"),
        (r"\boxed{ \text{(A)} }", r"\text{(A)}"),
        (r"so $\boxed 2$.", "2"),
        (r"\boxed {3}", "3"),
    ],
)
def test_the_last_box_is_the_answer(solution: str, answer: str) -> None:
    query = to_query(Fields(), "a:1", {"question": "q", "answer": solution})
    assert (query.answer, query.metadata) == (answer, {"solution": solution})


def test_empty_boxes_are_dropped_and_listed() -> None:
    records = [("a:1", r"\boxed{}"), ("a:2", r"\boxed{1}"), ("a:3", r"$\boxed{ }$")]
    split = collect(Fields(), ((where, {"question": where, "answer": a}) for where, a in records), None)
    assert ([query.answer for query in split.queries], split.unanswered) == (["1"], ["a:1", "a:3"])


@pytest.mark.parametrize(
    ("record", "letter"),
    [
        ({"choices": FOUR, "answer": "B"}, "B"),
        ({"choices": FOUR, "answer": 1}, "B"),
        ({"choices": FOUR, "answer": "1"}, "B"),
        ({"choices": {"text": FOUR, "label": ["1", "2", "3", "4"]}, "answer": "2"}, "B"),
        ({"choices": {"text": FOUR, "label": ["W", "X", "Y", "Z"]}, "answer": "X"}, "B"),
        ({"choices": FOUR, "answer": 3.0}, "D"),
    ],
    ids=str,
)
def test_the_right_choice_by_letter_index_or_label(record, letter: str) -> None:
    query = to_query(CHOICE, "a:1", {"question": "Which?", **record})
    assert query.query == "Which?\nA. one\nB. two\nC. three\nD. 4"
    assert query.answer == letter


def test_choices_in_fields_of_their_own() -> None:
    record = {"goal": "Which?", "sol1": "this", "sol2": "that", "label": 1, "id": 7}
    query = to_query(Fields(("goal",), "label", ("sol1", "sol2")), "a:1", record)
    assert (query.query, query.answer, query.metadata) == ("Which?\nA. this\nB. that", "B", {"id": 7})


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"answer": "B"}, "a:1: the choices need field 'choices'; this record has 'question', 'answer'"),
        ({"choices": "one", "answer": "B"}, "a:1: field 'choices' is 'one'; the choices need a list of 2 to 26 texts"),
        ({"choices": ["one"], "answer": "A"}, "a:1: field 'choices' is ['one']; the choices need"),
        ({"choices": {"text": FOUR, "label": ["A"]}, "answer": "A"}, "a:1: field 'choices' is {"),
        ({"choices": {"text": FOUR}, "answer": "A"}, "a:1: field 'choices' is {"),
        ({"choices": ["one", " "], "answer": "A"}, "a:1: field 'choices' is empty; the choices needs"),
        (
            {"choices": FOUR, "answer": "E"},
            "a:1: field 'answer' is 'E', which names no choice; it needs a letter from A to D or an index from 0 to 3",
        ),
        ({"choices": FOUR, "answer": 4}, "a:1: field 'answer' is '4', which names no choice"),
        ({"choices": FOUR, "answer": "AB"}, "a:1: field 'answer' is 'AB', which names no choice"),
        ({"choices": FOUR, "answer": -1}, "a:1: field 'answer' is '-1', which names no choice"),
        (
            {"choices": {"text": FOUR, "label": ["1", "2", "3", "4"]}, "answer": "A"},
            "a:1: field 'answer' is 'A', which names no choice; it needs 1, 2, 3, 4",
        ),
    ],
    ids=str,
)
def test_choices_that_are_none(record, message: str) -> None:
    with pytest.raises(DataError) as error:
        to_query(CHOICE, "a:1", {"question": "Which?", **record})
    assert str(error.value).startswith(message)


def test_a_box_that_is_never_closed() -> None:
    with pytest.raises(DataError, match=r"a:1: the last \\boxed in field 'answer' is never closed"):
        to_query(Fields(), "a:1", {"question": "q", "answer": r"\boxed{\frac{1}{2}"})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN"), True, None, ["1"], ""])
def test_answers_that_do_not_parse(value: object) -> None:
    with pytest.raises(DataError, match="a:1: field 'answer' is "):
        to_query(Fields(), "a:1", {"question": "q", "answer": value})


def test_one_name_or_several() -> None:
    assert Fields.parse() == Fields()
    assert Fields.parse(query="q", choices="options") == Fields(("q",), "answer", ("options",))
    assert Fields.parse(query=["a", "b"], answer="c", choices=["d", "e"]) == Fields(("a", "b"), "c", ("d", "e"))


TWO_BOXES = [
    (r"either \boxed{4} or \boxed{9}", True),
    (r"\boxed{4}, that is \boxed{ 4 }", False),
    (r"\boxed{4}", False),
    (r"\boxed{1} and \fbox{2}", True),
]


@pytest.mark.parametrize(("solution", "several"), TWO_BOXES)
def test_solutions_whose_boxes_differ_are_kept_and_listed(solution: str, several: bool) -> None:
    split = collect(
        Fields(), [("a:1", {"question": "?", "answer": solution, "solution": r"\boxed{7}, \boxed{8}"})], None
    )
    assert split.several_boxes == (["a:1"] if several else [])
    assert len(split.queries) == 1


@pytest.mark.parametrize(
    ("fields", "most"), [(Fields(), None), (Fields(), 2), (Fields(("problem",)), None)], ids=["all", "limit", "error"]
)
def test_what_reads_the_rows_is_closed_however_it_ends(fields: Fields, most: int | None) -> None:
    closed = []

    def rows() -> Iterator[tuple[str, dict[str, str]]]:
        try:
            for number in range(4):
                yield f"a:{number}", {"question": f"{number}?", "answer": "1"}
        finally:
            closed.append(True)

    reader, failed = rows(), None
    try:
        collect(fields, reader, most)
    except DataError as error:
        failed = error  # whose trace keeps all that was alive
    assert closed
    assert (failed is None) == (fields == Fields())


def test_choices_have_no_boxes() -> None:
    record = {"question": "?", "answer": r"\boxed{1}\boxed{2}", "choices": [r"\boxed{1}\boxed{2}", "b"]}
    labels = {"text": record["choices"], "label": [record["answer"], "x"]}
    assert not collect(Fields(choices=("c",)), [("a:1", record | {"c": labels})], None).several_boxes


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        (0.1, "0.1"),
        (145.0, "145"),
        (1e-7, "0.0000001"),
        (1e23, "1" + "0" * 23),
        (-0.0, "0"),
        (Decimal("145.00"), "145"),
        (Decimal("3.14159265358979323846"), "3.14159265358979323846"),
        (Decimal("1E+3"), "1000"),
        (2**64 - 1, "18446744073709551615"),
    ],
    ids=str,
)
def test_a_number_is_its_shortest_decimal(value: object, answer: str) -> None:
    query = to_query(Fields(), "a:1", {"question": "?", "answer": value, "kept": value})
    assert query.answer == answer
    assert json.loads(json.dumps(query.metadata)) == {"kept": value if isinstance(value, int) else float(value)}


@pytest.mark.parametrize("labels", [[1, 2], [1.0, 2.0], [Decimal("1.0"), Decimal("2.00")], ["1", "2"]])
@pytest.mark.parametrize("answer", [2, 2.0, Decimal("2.0"), "2"])
def test_labels_of_any_width_are_compared_with_answers_of_any(labels: list[object], answer: object) -> None:
    record = {"question": "?", "answer": answer, "choices": {"text": ["a", "b"], "label": labels}}
    assert to_query(CHOICE, "a:1", record).answer == "B"


def test_a_cluster_is_a_text_or_none_of_the_records_business() -> None:
    record = {"question": "q", "answer": "1"}
    assert to_query(Fields(), "a:1", record | {"cluster": "x"}).metadata == {"cluster": "x"}
    assert to_query(Fields(answer="cluster"), "a:1", record | {"cluster": 3}).answer == "3"
    for name in (3, ["x"]):
        with pytest.raises(DataError, match=r"^a:1: field 'cluster' is .* a text is needed that near-copies"):
            to_query(Fields(), "a:1", record | {"cluster": name})
