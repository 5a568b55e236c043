import pytest
from hypothesis import given
from hypothesis import strategies as st

from rftlab.rewards import Judgement
from rftlab.rewards.verifiers.marked import verify


@pytest.mark.parametrize(
    ("completion", "extracted"),
    [
        ("7;#5", "5"),
        ("#5", "5"),
        ("#4;#5", "5"),
        ("7;# -5 \n", "-5"),
        ("#0", "0"),
        ("7;5", None),
        ("", None),
        ("#", None),
        ("5#", None),
        ("#5;", None),
        ("#5 6", None),
        ("#05", None),
        ("#+5", None),
        ("#-0", None),
        ("#5.0", None),
        ("#٥", None),
        ("#５", None),
        ("#²", None),
    ],
)
def test_extraction(completion: str, extracted: str | None) -> None:
    assert verify(completion, "5") == Judgement(extracted == "5", extracted)
    if extracted is not None:
        assert verify(completion, extracted).correct


@given(st.integers(), st.integers(), st.text(st.characters(exclude_characters="#")))
def test_correct_exactly_when_equal(given_answer: int, answer: int, before: str) -> None:
    assert verify(f"{before}#{given_answer}", str(answer)) == Judgement(given_answer == answer, str(given_answer))
    assert verify(f"{before}#{answer}", str(answer)).correct


@given(st.text(), st.integers())
def test_nothing_raises(completion: str, answer: int) -> None:
    assert isinstance(verify(completion, str(answer)), Judgement)
