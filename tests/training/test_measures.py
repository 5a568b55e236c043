"""What is written down of a round, worked out for two queries with two rollouts, one of them trained on."""

from __future__ import annotations

import numpy as np
import pytest

from rftlab.advantages import Round
from rftlab.rewards.scoring import Score
from rftlab.rollouts import Rollout
from rftlab.training.measures import Clock, metrics, timings

TRAINED = [0, 2]


def score(correct: bool, failure: str | None = None) -> Score:
    return Score(correct, "7" if correct else None, failure, strict=correct, flexible=True, formatted=correct)


def rollout(*logprobs: float, truncated: bool = False) -> Rollout:
    return Rollout((1,), tuple(range(len(logprobs))), logprobs, truncated)


def test_means_are_over_trained_rollouts_and_failures_over_all() -> None:
    rollouts = [rollout(-1.0, -2.0), rollout(-9.0), rollout(-3.0, truncated=True), rollout(-9.0, -9.0, truncated=True)]
    scores = Round(np.array([[1.0, 0.0], [0.5, 1.0]]), np.array([[2, 1], [1, 2]]), n=1, queries=("a", "b"))
    judgements = [score(True), score(False, "timeout"), score(False), score(True)]
    assert metrics(scores, np.array([[1.0], [0.0]]), rollouts, judgements, TRAINED) == {
        "reward_mean": 0.75,
        "accuracy": 0.5,
        "accuracy_strict": 0.5,
        "accuracy_flexible": 1.0,
        "format_rate": 0.5,
        "verifier_failures": 1,
        "verifier_failures_timeout": 1,
        "signal_share": 0.5,
        "response_length": 1.5,
        "truncation_rate": 0.5,
        "entropy": 2.0,
    }


def test_a_clock_adds_up_laps_by_name(monkeypatch) -> None:
    marks = iter([10.0, 12.0, 12.5, 13.0, 14.0])
    monkeypatch.setattr("rftlab.training.measures.time.perf_counter", lambda: next(marks))
    clock = Clock()
    for name in ("sample_s", "score_s", "sample_s", "update_s"):
        clock.lap(name)
    assert clock.seconds == {"sample_s": 2.5, "score_s": 0.5, "update_s": 1.0}


def test_seconds_are_those_of_the_clock() -> None:
    line = timings({"sample_s": 2.0, "score_s": 0.5, "update_s": 1.5}, tokens=80)
    assert (line["sample_s"], line["score_s"], line["update_s"]) == (2.0, 0.5, 1.5)
    assert line["tokens_per_s"] == pytest.approx(20.0)
    assert line["time_ms"] > 1_700_000_000_000
    assert line["peak_memory_mb"] > 10
