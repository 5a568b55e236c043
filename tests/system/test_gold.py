"""The answers of GSM8K and MATH against themselves, where the files are at hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from realdata import MATH, REAL, needs_real_files
from rftlab.data.sources import source_of
from rftlab.rewards.latex import clean
from rftlab.rewards.numbers import number, several
from rftlab.rewards.scoring import Scorer, rates
from rftlab.rewards.verifiers import math_boxed_strict, math_verify

pytestmark = [needs_real_files, pytest.mark.usefixtures("untraced")]


def test_all_of_gsm8k() -> None:
    files = {name: str(REAL / "gsm8k" / f"{name}.jsonl") for name in ("train", "test")}
    splits = source_of({"source": "jsonl", "files": files}).read()
    queries = [query for split in splits.values() for query in split.queries]
    scores = Scorer("gsm8k_strict").score([q.metadata["solution"] for q in queries], [q.answer for q in queries])
    assert len(scores) == 8_792
    assert all(score.correct and score.strict and score.flexible and score.formatted for score in scores)
    assert rates(scores, scores)["verifier_failures"] == 0


def test_all_of_math_but_two_empty_boxes() -> None:
    splits = source_of(MATH).read()
    dropped = [where for split in splits.values() for where in split.unanswered]
    assert [Path(where.partition(":")[0]).name for where in dropped] == ["train.jsonl", "train.jsonl"]
    assert [len(splits[name].several_boxes) for name in ("train", "test")] == [25, 23]
    queries = [query for split in splits.values() for query in split.queries]
    lost = sum(split.duplicates for split in splits.values())
    assert len(queries) + len(dropped) + lost == 12_500
    scores = Scorer("math_boxed_strict").score([q.metadata["solution"] for q in queries], [q.answer for q in queries])
    assert all(score.correct and score.strict and score.flexible and score.formatted for score in scores)
    assert rates(scores, scores)["verifier_failures"] == 0


def test_answers_of_math_are_right_for_no_other_query() -> None:
    """Each answer against another query's: it is right where both have the same value, and almost nowhere else."""
    answers = [query.answer for query in source_of(MATH).read()["test"].queries]
    others = answers[7:] + answers[:7]
    scores = Scorer("math_verify").score([rf"\boxed{{{other}}}" for other in others], answers)
    for answer, other, score in zip(answers, others, scores, strict=True):
        one, two = clean(answer).body.casefold(), clean(other).body.casefold()
        assert not score.flexible or one == two or (number(one) is not None and number(one) == number(two)), (
            answer,
            other,
        )
        assert score.failure is None


def test_answers_that_are_parsed_verify_when_they_are_written_otherwise() -> None:
    """Of single expressions, ``-(-(x))`` in place of x: the path through math-verify, not the equality of strings."""
    golds = {clean(query.answer) for query in source_of(MATH).read()["test"].queries}
    single = [g for g in golds if not g.words and number(g.body) is None and several(g.body) is None]
    plain = [
        g.body
        for g in single
        if len(g.body) > 1 and not any(mark in g.body for mark in ("=", ":", "_", "<", ">", "\\le", "\\ge"))
    ]
    wrong = [body for body in plain if not math_verify.verify(rf"\boxed{{-(-({body}))}}", body).correct]
    assert len(plain) > 350
    assert [body for body in wrong if "overline" not in body] == []
    assert not any(math_boxed_strict.verify(rf"\boxed{{-(-({body}))}}", body).correct for body in plain)
