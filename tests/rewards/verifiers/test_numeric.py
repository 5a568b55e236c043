from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rftlab.rewards import Judgement
from rftlab.rewards.verifiers.numeric import LONGEST, verify


@pytest.mark.parametrize(
    ("completion", "extracted"),
    [
        ("She has 5 and then 18 apples.", "18"),
        ("The answer is $1,234.50.", "2469/2"),
        ("18.0", "18"),
        ("0.5", "1/2"),
        (".5", "1/2"),
        ("that is 50%", "50"),
        ("-3", "-3"),
        ("= -$3", "-3"),
        ("= $-3", "-3"),
        ("−3", "-3"),
        ("- 3 apples", "-3"),
        ("–3", "-3"),
        ("2 1/2", "5/2"),
        (r"\frac{3}{4}", "3/4"),
        ("8e6", "8000000"),
        ("3 450 seats", "3450"),
        ("**3**", "3"),
        ("<answer>3</answer>", "3"),
        ("so <answer> $3 </answer>.", "3"),
        (r"\boxed{3}", "3"),
        ("1,234,567", "1234567"),
        ("3/4", "3/4"),
        ("6/4", "3/2"),
        ("5/0", None),
        ("007", "7"),
        ("none", None),
        ("", None),
        ("٣", None),
        ("½", None),
        ("５", None),
        ("1" * (LONGEST + 1), None),
    ],
)
def test_extraction(completion: str, extracted: str | None) -> None:
    assert verify(completion, "1000003") == Judgement(False, extracted)
    if extracted is not None:
        assert verify(completion, extracted) == Judgement(True, extracted)


@pytest.mark.parametrize(
    ("completion", "digits"),
    [
        ("10-3", "3"),
        ("(x)-3", "3"),
        ("x-3", "3"),
        ("3, 4", "4"),
        ("12,3456", "3456"),
        ("1.2.3", "3"),
        ("4^6", "6"),
        ("0.45 recurring", "0.45"),
        ("1.3 repeating", "1.3"),
        ("5 factorial", "5"),
        ("sqrt 5", "5"),
        ("the root 5", "5"),
    ],
)
def test_digits_of_something_else_are_shown_and_no_number(completion: str, digits: str) -> None:
    assert verify(f"so {completion} it is", digits) == Judgement(False, f"so {completion} it is")


@pytest.mark.parametrize(
    ("completion", "answer", "correct"),
    [
        ("1200.50", "$1,200.5", True),
        ("7%", "7 ", True),
        ("12", "12%", True),
        ("0.3333333333333333", "1/3", False),
        ("0.1", "0.1", True),
        ("10000000000000001", "10000000000000000", False),  # as floats they are equal
    ],
)
def test_comparison_is_exact(completion: str, answer: str, correct: bool) -> None:
    assert verify(completion, answer).correct == correct


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9))
def test_any_way_of_writing_a_number_is_that_number(value) -> None:
    expected = str(Fraction(value))
    for text in (f"{value:f}", f"{value:,f}", f"so it is {value:f}.", f"{value:f}000%"):
        assert verify(text, f"{value:f}") == Judgement(True, expected)


@pytest.mark.parametrize("answer", ["", "five", "1 2", "5/0", "٣", "1" * 200])
def test_an_answer_that_is_no_number_is_refused(answer: str) -> None:
    with pytest.raises(ValueError, match="compares numbers; the answer"):
        verify("5", answer)


@given(st.text(st.characters() | st.sampled_from("0123456789,.-$/%")))
def test_nothing_raises(completion: str) -> None:
    assert isinstance(verify(completion, "5"), Judgement)
