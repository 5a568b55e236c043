"""The table of judgements in ``reward_cases.py``, a test for each line and reward."""

from __future__ import annotations

import pytest

from reward_cases import LETTERS, cases
from rftlab import levels
from rftlab.rewards.scoring import Scorer

CASES = [(verifier, *case[:2], letter) for case in cases() for verifier, letter in case[2].items()]


def test_the_table_is_long_enough() -> None:
    assert len({case[:2] for case in cases()}) >= 150
    assert {verifier for verifier, *_ in CASES} == set(levels.names("rewards.verifiers"))


@pytest.mark.parametrize(("verifier", "answer", "completion", "letter"), CASES)
def test_verdict(verifier: str, answer: str, completion: str, letter: str) -> None:
    judgement = levels.load("rewards.verifiers", verifier)(completion, answer)
    assert LETTERS[judgement.correct, judgement.extracted is not None, judgement.failure is not None] == letter, (
        judgement
    )


def test_the_same_in_processes() -> None:
    of_math = [case for case in CASES if case[0] == "math_verify"]
    scores = Scorer("math_verify").score([case[2] for case in of_math], [case[1] for case in of_math])
    letters = [LETTERS[score.correct, score.extracted is not None, score.failure is not None] for score in scores]
    assert letters == [case[3] for case in of_math]
