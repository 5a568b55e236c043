import time

import pytest

from rftlab.rewards import Judgement
from rftlab.rewards.verifiers.choice import verify


@pytest.mark.parametrize(
    ("completion", "extracted"),
    [
        ("#### B", "B"),
        ("It is A. #### A\nNo: #### B", "B"),
        (r"so \boxed{B}", "B"),
        (r"so \boxed{\text{B}}", "B"),
        (r"so $\boxed{(B)}$.", "B"),
        ("The answer is B.", "B"),
        ("The answer is (B) because A is wrong.", "B"),
        ("the answer is: **B**", "B"),
        ("Answer: B. seven", "B"),
        ("B", "B"),
        (" (B) ", "B"),
        ("B.", "B"),
        ("B) seven", "B"),
        ("First A train leaves.\nB", "B"),
        ("The answer is A.\n#### B", "B"),
        ("", None),
        ("A train leaves at noon", None),
        ("The answer is Apples", None),
        ("#### b", None),
        ("#### BC", None),
        ("I think B is right", None),
        ("answer is A's brother", None),
    ],
)
def test_letters(completion: str, extracted: str | None) -> None:
    assert verify(completion, "B") == Judgement(extracted == "B", extracted)
    assert verify(completion, "C") == Judgement(False, extracted)


@pytest.mark.parametrize("answer", ["b", "", "AB", "2"])
def test_an_answer_that_is_no_letter(answer: str) -> None:
    with pytest.raises(ValueError, match="rewards/verifiers/choice compares letters"):
        verify("#### A", answer)


@pytest.mark.parametrize("text", ["#### (", "answer is ", "*[(", "\\boxed{", " \n", "A. "])
def test_time_is_linear(text: str) -> None:
    started = time.perf_counter()
    verify(text * 200_000, "A")
    assert time.perf_counter() - started < 1
