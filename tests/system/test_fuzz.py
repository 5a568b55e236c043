"""Every reward on completions made to break it: `make fuzz` tries 12,000, `make test` 600 of them."""

from __future__ import annotations

import os
import time
import tracemalloc

import pytest

import fuzz
from rftlab import levels
from rftlab.rewards.scoring import Scorer, isolated

pytestmark = pytest.mark.usefixtures("untraced")  # and their time is measured
COUNT = int(os.environ.get("RFTLAB_FUZZ", "600"))
SECONDS = 2  # of processor time for one completion of any length that a verifier without a process may take
BYTES = 200 * 2**20
MATH = {"math_boxed_strict", "math_hendrycks", "math_verify"}
RIGHT = {"choice": "Q"}  # of the others: 18


def answer_of(verifier: str, answer: str) -> str:
    """What a verifier can be asked to compare with: of multiple choice a letter that no completion gives."""
    return RIGHT.get(verifier, answer)


@pytest.mark.parametrize("verifier", levels.names("rewards.verifiers"))
def test_no_completion_breaks_or_fools_a_reward(verifier: str) -> None:
    cases = list(fuzz.completions(0, COUNT, numbers=verifier not in MATH))
    scores = Scorer(verifier).score([c for c, _ in cases], [answer_of(verifier, a) for _, a in cases])
    assert len(scores) == COUNT
    fooled = [(c[:200], a, s) for (c, a), s in zip(cases, scores, strict=True) if s.correct or s.strict or s.flexible]
    assert fooled == []
    assert all(score.failure is None or not score.correct for score in scores)


@pytest.mark.parametrize("verifier", [name for name in levels.names("rewards.verifiers") if not isolated(name)])
def test_time_and_memory_are_bounded_without_a_process(verifier: str) -> None:
    verify = levels.load("rewards.verifiers", verifier)
    tracemalloc.start()
    try:
        for completion, answer in [*fuzz.completions(1, 200), *fuzz.repeated(2_000)]:
            start = time.process_time()
            verify(completion, answer if verifier in MATH else answer_of(verifier, "18"))
            assert time.process_time() - start < SECONDS
        assert tracemalloc.get_traced_memory()[1] < BYTES
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("verifier", levels.names("rewards.verifiers"))
def test_an_answer_repeated_ten_thousand_times_is_still_the_answer(verifier: str) -> None:
    mark = {
        "marked": "#",
        "numeric": "",
        "math_verify": "$",
        "math_boxed_strict": r"\boxed{",
        "math_hendrycks": r"\boxed{",
    }
    end = {"math_verify": "$", "math_boxed_strict": "}", "math_hendrycks": "}"}
    right = answer_of(verifier, "18")
    completion = f"{mark.get(verifier, '#### ')}{right}{end.get(verifier, '')}\n" * 10_000
    (score,) = Scorer(verifier).score([completion], [right])
    assert score.correct
    cases = [(completion, answer if verifier in MATH else right) for completion, answer in fuzz.repeated()]
    for score in Scorer(verifier).score([c for c, _ in cases], [a for _, a in cases]):
        assert score.failure in (None, "too_long")
