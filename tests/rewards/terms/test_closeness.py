import dataclasses

import pytest

from rftlab.rewards.terms import Scored
from rftlab.rewards.terms.closeness import number, term
from scored import scored


def answered(*pairs: tuple[str | None, str], correct: bool = False) -> Scored:
    """Rollouts by what was extracted of them, and the answer."""
    rollouts = scored(*[{"correct": correct}] * len(pairs))
    records = [
        dataclasses.replace(record, answer=answer, score=dataclasses.replace(record.score, extracted=extracted))
        for record, (extracted, answer) in zip(rollouts.records, pairs, strict=True)
    ]
    return Scored(records, 10, 1, 0)


def test_the_nearer_the_more() -> None:
    values = term(answered(("90", "100"), ("150", "100"), ("300", "100"), ("-90", "-100"), ("100", "100")))
    assert values.tolist() == pytest.approx([0.9, 0.5, 0.0, 0.9, 1.0])
    assert term(answered(("90", "100")), scale=0.2).tolist() == pytest.approx([0.5])
    assert term(answered(("0", "0.5"), ("1/3", "2/3"))).tolist() == pytest.approx([0.5, 2 / 3])  # below 1: by 1


def test_a_right_answer_and_what_is_no_number_have_nothing() -> None:
    assert term(answered(("5", "5"), correct=True)).tolist() == [0.0]
    assert term(answered((None, "5"), ("x", "5"), ("5", "x"), ("1/0", "5"), ("", "5"))).tolist() == [0.0] * 5


@pytest.mark.parametrize("text", ["1e9999999", "9" * 10**6, "1/" + "9" * 10**6, "nan", "inf", "٣", "1 2"])
def test_absurd_texts_are_no_numbers(text: str) -> None:
    assert number(text) is None


def test_numbers() -> None:
    assert [number(text) for text in ("12", "-3.5", " 1,200 ", "2/4", "+7")] == [12.0, -3.5, 1200.0, 0.5, 7.0]
