"""How hard queries are: measured once, by hand, and what a run trains on then."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest

from rftlab.data.queries import Query
from rftlab.errors import BadInputError
from rftlab.jobs.interrupt import StoppedError
from rftlab.randomness import draw
from rftlab.rewards import Judgement
from rftlab.rollouts import Rollout
from rftlab.study.baseline import DifficultySection
from rftlab.training.difficulty import PART, DifficultyConfig, easy_first, measured, within
from rftlab.training.divergence import CurrentRound
from rftlab.training.train import Training, train
from saved_runs import same
from training import json_lines, run_json

RATES = {"a": 0.0, "b": 1.0, "c": 0.5, "d": 0.25, "e": 0.5}


def test_rates_and_what_they_cost_by_hand() -> None:
    """Query q is solved by its first q mod 3 of two rollouts, of three tokens each."""
    asked = []

    def sample(draws, count: int) -> CurrentRound:
        asked.append([*draws])
        queries = [Query(str(q), "?", "!") for q, _ in draws for _ in range(count)]
        judgements = [Judgement(i < q % 3, None) for q, _ in draws for i in range(count)]
        return CurrentRound(queries, [Rollout((1,), (1, 2, 3), (-1.0,) * 3, False)] * len(queries), count, judgements)

    rates, spent = measured(PART + 2, 2, sample)
    assert rates == [q % 3 / 2 for q in range(PART + 2)]
    assert spent == {"rollouts": 2 * (PART + 2), "tokens": 6 * (PART + 2)}
    assert asked == [[(q, 0) for q in range(PART)], [(PART, 0), (PART + 1, 0)]]
    assert measured(5, 0, sample) == ([], {"rollouts": 0, "tokens": 0})


def test_bounds_are_among_the_rates() -> None:
    assert within(RATES, DifficultyConfig(4)) == [*"abcde"]
    assert within(RATES, DifficultyConfig(4, low=0.25, high=0.5)) == [*"cde"]
    with pytest.raises(BadInputError, match=r"solves no query at a rate from 0.6 to 0.9; its rates are from 0 to 1$"):
        within(RATES, DifficultyConfig(4, low=0.6, high=0.9))


def test_every_epoch_goes_from_easy_to_hard_and_shuffles_what_is_alike() -> None:
    ids = [*RATES]
    by_rate = easy_first(RATES)
    drawn = by_rate(0, ids, 0, 60)
    epochs = [drawn[first : first + 5] for first in range(0, 60, 5)]
    for number, epoch in enumerate(epochs):
        assert [RATES[ids[i]] for i, _ in epoch] == [1.0, 0.5, 0.5, 0.25, 0.0]
        assert {occurrence for _, occurrence in epoch} == {number}
    assert len({tuple(i for i, _ in epoch) for epoch in epochs}) == 2
    assert [pair for start in range(0, 60, 4) for pair in by_rate(0, ids, start, 4)] == drawn
    equal = dict.fromkeys(ids, 0.5)
    assert easy_first(equal)(3, ids, 2, 9) == draw(3, ids, 2, 9), "with nothing to tell them apart it is a shuffle"


def test_defaults_are_those_of_the_schema() -> None:
    section = DifficultySection()
    assert {name: getattr(DifficultyConfig(), name) for name in DifficultySection.model_fields} == section.model_dump()


def test_a_curriculum_measures_once_counts_it_and_resumes_exactly(cut, base, data, tmp_path) -> None:
    run = run_json(checkpoint_every=4)
    run["config"]["rollout"] |= {"order": "easy_first", "difficulty": {"rollouts": 4, "low": 0.25, "high": 1.0}}
    train(run, base, data, tmp_path / "whole", code="c")
    folder = cut(3, run)
    train(run, base, data, folder, code="c")
    same(folder, tmp_path / "whole")
    rows = json_lines(folder / "metrics.jsonl")
    assert [row["rollouts"] for row in rows] == [16 * 4 + 8 * number for number in range(1, 7)]
    assert np.diff([row["tokens"] for row in rows]).max() < rows[0]["tokens"]
    train(run_json(), base, data, tmp_path / "plain", code="c")
    plain = json_lines(tmp_path / "plain" / "metrics.jsonl")
    assert rows[0]["accuracy"] > plain[0]["accuracy"], "easy queries first"


def test_no_query_of_that_difficulty_is_one_line(base, data, tmp_path) -> None:
    run = run_json()
    run["config"]["rollout"]["difficulty"] = {"rollouts": 2, "low": 0.6, "high": 0.9}
    with pytest.raises(BadInputError, match=r"rollout.difficulty: the base model solves no query at a rate from 0.6"):
        train(run, base, data, tmp_path / "run", code="c")


def test_a_run_that_is_stopped_after_the_measurement_has_it_whole_and_goes_on(
    base, data, tmp_path, monkeypatch
) -> None:
    """Rates and what they took are saved together; a run has a round even if measuring has spent its budget."""
    run = run_json(budget={"rollouts": 10})
    run["config"]["rollout"]["difficulty"] = {"rollouts": 2, "low": 0.0, "high": 1.0}
    train(run, base, data, tmp_path / "whole", code="c")
    count = Training.count

    def stopped(self: Training, rollouts: int, tokens: int) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        count(self, rollouts, tokens)

    with monkeypatch.context() as patched:
        patched.setattr(Training, "count", stopped)
        with pytest.raises(StoppedError, match="the state after round 0 is saved"):
            train(run, base, data, tmp_path / "run", code="c")
    train(run, base, data, tmp_path / "run", code="c")
    same(tmp_path / "run", tmp_path / "whole")
    assert [row["rollouts"] for row in json_lines(tmp_path / "run" / "metrics.jsonl")] == [16 * 2 + 8]
