"""What is asked of an engine for an evaluation set, and what becomes of its responses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from rftlab.data.queries import Query, write_queries
from rftlab.evaluation.measure import QuerySet, accuracy, answer
from rftlab.evaluation.outcomes import Outcome
from rftlab.randomness import rollout_seed
from rftlab.rollouts import Rollout, Sampling
from training import END, TOKENIZER

QUERIES = [Query("a", "2+3=", "5"), Query("b", "1+1=", "2"), Query("c", "4+4=", "8")]
SAMPLING = Sampling(max_new_tokens=6, temperature=0.5)


class Scripted:
    """An engine that gives the responses it was made with, in order, and keeps what it was asked.

    A response that does not end with a full stop is truncated.
    """

    def __init__(self, *texts: str) -> None:
        self.texts = texts
        self.asked: list[tuple[Sequence[Sequence[int]], Sampling, Sequence[int]]] = []

    def sync(self, model: Any) -> None:
        """Have no weights."""

    def generate(self, prompts: Sequence[Sequence[int]], sampling: Sampling, seeds: Sequence[int]) -> list[Rollout]:
        """Say what was scripted."""
        self.asked.append((prompts, sampling, seeds))
        return [self._said(prompt, text) for prompt, text in zip(prompts, self.texts, strict=True)]

    @staticmethod
    def _said(prompt: Sequence[int], text: str) -> Rollout:
        tokens = [*TOKENIZER(text.removesuffix(".")).input_ids, *([END] if text.endswith(".") else [])]
        return Rollout(tuple(prompt), tuple(tokens), (0.0,) * len(tokens), truncated=not text.endswith("."))


def ids(*texts: str) -> list[list[int]]:
    return [TOKENIZER(text).input_ids for text in texts]


def evaluation_set(count: int = 3, verifier: str = "marked") -> QuerySet:
    return QuerySet("sums", QUERIES[:count], verifier, ids(*(query.query for query in QUERIES[:count])))


@pytest.mark.parametrize(("limit", "read"), [(None, ["a", "b", "c"]), (2, ["a", "b"]), (9, ["a", "b", "c"])])
def test_a_limit_takes_the_first_queries(tmp_path: Path, limit: int | None, read: list[str]) -> None:
    write_queries(tmp_path / "sums.jsonl", QUERIES)
    found = QuerySet.read("sums", {"path": str(tmp_path / "sums.jsonl"), "limit": limit, "verifier": "marked"})
    assert ([query.id for query in found.queries], found.name, found.verifier) == (read, "sums", "marked")
    assert found.prompts == ()


def test_every_sample_of_every_query_is_asked_for_with_a_seed_of_its_own() -> None:
    engine = Scripted(*[";#5."] * 6)
    outcomes = answer(engine, TOKENIZER, evaluation_set(), SAMPLING, 2, seed=7)
    ((prompts, sampling, seeds),) = engine.asked
    assert sampling == SAMPLING
    assert prompts == ids("2+3=", "2+3=", "1+1=", "1+1=", "4+4=", "4+4=")
    assert seeds == [rollout_seed("evaluate", 7, query, 0, sample) for query in "abc" for sample in (0, 1)]
    assert len(set(seeds)) == 6
    assert [(outcome.query, outcome.sample) for outcome in outcomes] == [(q, s) for q in "abc" for s in (0, 1)]


def test_a_seed_depends_on_its_query_and_sample_alone() -> None:
    few, many = Scripted(";#5."), Scripted(*[";#5."] * 9)
    answer(few, TOKENIZER, evaluation_set(1), SAMPLING, 1, seed=7)
    answer(many, TOKENIZER, evaluation_set(3), SAMPLING, 3, seed=7)
    assert few.asked[0][2][0] == many.asked[0][2][0]


def test_responses_are_verified_against_their_own_query() -> None:
    engine = Scripted("5;#5.", "#2", "8.")
    assert answer(engine, TOKENIZER, evaluation_set(), SAMPLING, 1, seed=0) == [
        outcome("a", "5;#5", "5", tokens=5, correct=True, strict=True, flexible=True),
        outcome("b", "#2", "2", tokens=2, correct=True, strict=True, flexible=True, truncated=True),
        outcome("c", "8", None, tokens=2, flexible=True, formatted=False),
    ]


def outcome(query: str, completion: str, extracted: str | None, tokens: int, **other: bool) -> Outcome:
    """The first response to a query, wrong in every form and in the right format unless given otherwise."""
    verdicts = {"correct": False, "strict": False, "flexible": False, "formatted": True, "truncated": False} | other
    return Outcome(
        sample=0, query=query, failure=None, extracted=extracted, completion=completion, tokens=tokens, **verdicts
    )


def test_the_verifier_is_the_sets_own() -> None:
    (flexible,) = answer(Scripted("5."), TOKENIZER, evaluation_set(1, "numeric"), SAMPLING, 1, seed=0)
    (marked,) = answer(Scripted("5."), TOKENIZER, evaluation_set(1, "marked"), SAMPLING, 1, seed=0)
    assert (flexible.correct, marked.correct) == (True, False)


def test_nothing_asked_nothing_answered() -> None:
    assert answer(Scripted(), TOKENIZER, evaluation_set(), SAMPLING, 0, seed=0) == []


@pytest.mark.parametrize(
    ("texts", "share"), [(("#5.", "#2.", "#8."), 1.0), (("#5.", "#5.", "#5."), 1 / 3), (("", ".", "#0."), 0.0)]
)
def test_accuracy_is_the_share_that_is_correct(texts: tuple[str, ...], share: float) -> None:
    engine = Scripted(*texts)
    assert accuracy(engine, TOKENIZER, QUERIES, "marked", SAMPLING, seed=3) == pytest.approx(share)
    ((prompts, sampling, seeds),) = engine.asked
    assert (prompts, sampling) == (ids("2+3=", "1+1=", "4+4="), SAMPLING)
    assert seeds == [rollout_seed("evaluate", 3, query, 0, 0) for query in "abc"]
