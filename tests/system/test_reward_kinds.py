"""Kinds of completions, each with right and wrong variants, scored as a study scores them."""

from __future__ import annotations

import collections
import json
import os
from pathlib import Path

import pytest

from reward_kinds import kinds
from rftlab.rewards.scoring import Scorer

CASES = Path(os.environ.get("RFTLAB_CASES", Path(__file__).parents[3] / "shared" / "cases" / "rewards.jsonl"))
PAPERS_OWN = "the paper's own rule"
BATCHES = [
    pytest.param(verifier, right, cases, id=f"{verifier}: {title}")
    for title, verifiers, right, cases in kinds()
    for verifier in verifiers
]


@pytest.mark.parametrize(("verifier", "right", "cases"), BATCHES)
def test_a_kind(verifier: str, right: bool, cases: list[tuple[str, str]]) -> None:
    scores = Scorer(verifier).score([completion for _, completion in cases], [answer for answer, _ in cases])
    assert [(*case, score.extracted) for case, score in zip(cases, scores, strict=True) if score.correct != right] == []


def test_there_are_enough_of_them() -> None:
    count = collections.Counter()
    for _, verifiers, right, cases in kinds():
        count[right] += len(verifiers) * len(cases)
    assert count[True] > 300
    assert count[False] > 700


@pytest.mark.skipif(not CASES.is_file(), reason="the cases are neither in $RFTLAB_CASES nor in ../shared/cases")
def test_cases_that_came_out_wrong() -> None:
    by_verifier = collections.defaultdict(list)
    for line in CASES.read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        by_verifier[case["reward"]].append(case)
    wrong = []
    for verifier, cases in by_verifier.items():
        scores = Scorer(verifier).score([c["completion"] for c in cases], [c["answer"] for c in cases])
        wrong += [case for case, score in zip(cases, scores, strict=True) if score.correct != case["expected"]]
    assert [case for case in wrong if not case["expected"] and PAPERS_OWN not in case["kind"]] == []
    assert len(wrong) <= 0.05 * sum(map(len, by_verifier.values()))
