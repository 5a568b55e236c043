import pytest
from hypothesis import given
from hypothesis import strategies as st

from rftlab.rewards import Judgement
from rftlab.rewards.verifiers.gsm8k_strict import LAST, verify


@pytest.mark.parametrize(
    ("completion", "answer", "judgement"),
    [
        ("So 18.\n#### 18", "18", Judgement(True, "18")),
        ("#### 1,234", "1234", Judgement(True, "1234")),
        ("#### 1234", "1,234", Judgement(True, "1234")),
        ("#### -5 apples", "-5", Judgement(True, "-5")),
        ("#### 17\n#### 18", "18", Judgement(True, "18")),
        ("#### 18\n#### 17", "18", Judgement(False, "17")),
        ("#### 18.", "18", Judgement(False, "18.")),
        ("#### 18.0", "18", Judgement(False, "18.0")),
        ("####18", "18", Judgement(False, None)),
        ("####  18", "18", Judgement(False, None)),
        ("#### $18", "18", Judgement(False, None)),
        ("### 18", "18", Judgement(False, None)),
        ("18", "18", Judgement(False, None)),
        ("#### ,,", "18", Judgement(False, None)),
        ("#### -.", "18", Judgement(False, None)),
        ("#### ١٨", "18", Judgement(False, None)),
        ("", "18", Judgement(False, None)),
    ],
)
def test_values(completion: str, answer: str, judgement: Judgement) -> None:
    assert verify(completion, answer) == judgement


@given(st.integers(0, 2 * LAST))
def test_only_the_last_300_characters_count(after: int) -> None:
    completion = "#### 18" + "x" * after
    assert verify(completion, "18").correct == (len(completion) <= LAST)


@given(st.text(), st.text(min_size=1))
def test_nothing_raises(completion: str, answer: str) -> None:
    assert isinstance(verify(completion, answer), Judgement)
