r"""The last box against the answer, as normalised strings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rftlab.rewards import Judgement
from rftlab.rewards.latex import Answer
from rftlab.rewards.verifiers.math_boxed_strict import same, verify


@pytest.mark.parametrize(
    ("completion", "answer", "judgement"),
    [
        (r"so $\boxed{5}$.", "5", Judgement(True, "5")),
        (r"\boxed{ 5. }", "$5$", Judgement(True, "5")),
        (r"\boxed{4} no, \boxed{5}", "5", Judgement(True, "5")),
        (r"\boxed{5} no, \boxed{4}", "5", Judgement(False, "4")),
        (r"\boxed{\dfrac12}", r"\frac{1}{2}", Judgement(True, r"\frac{1}{2}")),
        (r"\boxed{1/2}", r"\frac{1}{2}", Judgement(True, r"\frac{1}{2}")),
        (r"\boxed{0.5}", r"\frac{1}{2}", Judgement(False, "0.5")),
        (r"\boxed{5.0}", "5", Judgement(False, "5.0")),
        (r"\boxed{x = 5}", "5", Judgement(True, "5")),
        (r"\boxed{y = 5}", "x = 5", Judgement(False, "5")),
        (r"\boxed{10\text{ cm}}", "10", Judgement(True, "10")),
        (r"\boxed{10\text{ m}}", r"10\text{ cm}", Judgement(False, "10")),
        (r"\boxed{5\text{ million}}", "5", Judgement(False, "5")),
        (r"\boxed{90^\circ}", "90", Judgement(True, "90")),
        (r"\boxed{2,1}", "1,2", Judgement(False, "2,1")),
        (r"\boxed{sunday}", r"\text{Sunday}", Judgement(False, "sunday")),
        ("5", "5", Judgement(False, None)),
        (r"\boxed{5", "5", Judgement(False, None)),
        (r"\boxed{}", "5", Judgement(False, None)),
        (r"\boxed{$ $}", "5", Judgement(False, None)),
        ("", "5", Judgement(False, None)),
    ],
)
def test_judgements(completion: str, answer: str, judgement: Judgement) -> None:
    assert verify(completion, answer) == judgement


@pytest.mark.parametrize(
    ("given", "correct"),
    [
        (Answer("5"), True),
        (Answer("6"), False),
        (Answer("5", unit="cm"), True),
        (Answer("5", unit="m"), False),
        (Answer("5", name="x"), True),
    ],
)
def test_equal_strings_that_contradict_are_wrong(given: Answer, correct: bool) -> None:
    assert same(Answer("5", unit="cm"), given) == Judgement(correct, given.body)


def test_what_is_too_long_is_found_and_not_judged() -> None:
    longest = "x" * 1000
    assert verify(rf"\boxed{{{longest}}}", longest) == Judgement(True, longest)
    assert verify(rf"\boxed{{{longest}x}}", f"{longest}x") == Judgement(False, f"{longest}…", "too_long")


@pytest.mark.parametrize("completion", [r"\boxed{5}", "no box"])
def test_an_answer_of_which_nothing_is_left_is_an_error(completion: str) -> None:
    with pytest.raises(ValueError) as error:
        verify(completion, "$$")
    message = "rewards/verifiers/math_boxed_strict compares what is in a box; the answer '$$' is empty"
    assert str(error.value) == message


@given(st.text("0123456789abx.,$%\\{}()[]/^_=+- ", min_size=1, max_size=30))
def test_nothing_raises_and_a_failure_is_never_correct(completion: str) -> None:
    judgement = verify(completion, "5")
    assert not (judgement.failure and judgement.correct)
    assert verify(rf"{completion}\boxed{{5}}", "5").correct
