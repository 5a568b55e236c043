"""Rollouts as terms of a reward see them, of queries ``q0``, ``q1``, …, unless said otherwise not correct and short."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rftlab.rewards.scoring import Score
from rftlab.rewards.terms import Record, Scored


def scored(*rollouts: dict[str, Any], limit: int = 10, per_query: int = 1, seed: int = 0) -> Scored:
    """A round of these rollouts: ``tokens``, ``truncated``, ``correct``, ``flexible``, ``formatted``, texts."""
    records = [record(i, per_query, seed, **rollout) for i, rollout in enumerate(rollouts)]
    return Scored(records, limit, per_query, seed)


def record(
    i: int = 0,
    per_query: int = 1,
    seed: int = 0,
    *,
    correct: bool = False,
    flexible: bool | None = None,
    formatted: bool = False,
    tokens: int = 1,
    truncated: bool = False,
    completion: str = "",
    occurrence: int = 0,
) -> Record:
    """Rollout ``i`` of a round."""
    flexible = correct if flexible is None else flexible
    score = Score(correct, None, strict=correct, flexible=flexible, formatted=formatted)
    q, m = divmod(i, per_query)
    key = (seed, f"q{q}", occurrence, m)
    return Record(f"question {q}", f"answer {q}", {"i": i}, completion, tokens, truncated, score, key)


def lengths(*tokens: int, correct: Sequence[bool] | bool = False, **options: Any) -> Scored:
    """A round of these lengths."""
    right = [correct] * len(tokens) if isinstance(correct, bool) else correct
    return scored(*[{"tokens": t, "correct": c} for t, c in zip(tokens, right, strict=True)], **options)
