"""Greedy responses: sampled for the advantage that compares with them, counted, and for no other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rftlab.advantages import Round
from rftlab.data.queries import read_queries
from rftlab.policies.directory import PolicyDirectory
from rftlab.rollouts import Sampling
from rftlab.rollouts.engine import responses
from rftlab.training.greedy import no_greedy_responses
from rftlab.training.learner import Learner
from training import json_lines, run_json


@pytest.fixture(scope="module")
def learner(base, data) -> Learner:
    return Learner(run_json(advantage={"name": "greedy_baseline"}), PolicyDirectory(base), read_queries(data))


def scores_of(*queries: str) -> Round:
    return Round(np.zeros((len(queries), 1)), np.ones((len(queries), 1), dtype=np.int64), 1, queries)


def test_every_row_has_the_reward_of_its_querys_greedy_response(learner) -> None:
    ids = [query.id for query in learner.pool.queries]
    scores, rollouts = learner.greedy(scores_of(*ids, ids[0]), 1)
    expected = learner.engine.generate(
        [*learner.pool.prompts, learner.pool.prompts[0]], Sampling(6, temperature=0.0), [7] * 17
    )
    assert [rollout.tokens for rollout in rollouts] == [rollout.tokens for rollout in expected]
    answers = [*(query.answer for query in learner.pool.queries), learner.pool.queries[0].answer]
    judgements = learner.scoring.scorer.score(responses(learner.tokenizer, expected), answers)
    assert scores.greedy_B.tolist() == [float(judgement.correct) for judgement in judgements]
    assert 0 < scores.greedy_B.sum() < 17, "some are right"
    assert learner.advantage(scores)[:, 0].tolist() == (-scores.greedy_B).tolist()


def test_a_coin_is_tossed_for_them_as_for_rollouts(base, data) -> None:
    reward = {"name": "random", "correct": 1.0, "incorrect": 0.0, "probability": 0.5}
    run = run_json(advantage={"name": "greedy_baseline"}, reward=reward)
    learner = Learner(run, PolicyDirectory(base), read_queries(data))
    ids = [query.id for query in learner.pool.queries]
    first, again, other = (learner.greedy(scores_of(*ids), number)[0].greedy_B.tolist() for number in (1, 1, 2))
    assert first == again != other


def test_they_are_counted(go) -> None:
    folder = go(advantage={"name": "greedy_baseline"}, budget={"rounds": 2})
    rows = json_lines(folder / "metrics.jsonl")
    plain = json_lines(go("plain", budget={"rounds": 2}) / "metrics.jsonl")
    assert [row["rollouts"] for row in rows] == [16, 32]
    assert [row["rollouts"] for row in plain] == [8, 16]
    assert rows[0]["tokens"] > plain[0]["tokens"]
    assert rows[0]["response_length"] == plain[0]["response_length"], "of the trained rollouts"


def test_no_other_advantage_samples_them(base, data) -> None:
    learner = Learner(run_json(), PolicyDirectory(base), read_queries(data))
    assert learner.greedy is no_greedy_responses
    scores = scores_of("a")
    assert learner.greedy(scores, 1) == (scores, [])
    assert replace(scores).greedy_B is None
