"""The rollouts whose rewards differ most, by hand and against every subset; runs that train on them alone."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rftlab.data.queries import Query
from rftlab.rewards import Judgement
from rftlab.rollouts import Rollout
from rftlab.study.baseline import RolloutSection
from rftlab.training.divergence import CurrentRound
from rftlab.training.down_sampling import down_sampled, max_variance
from rftlab.training.learner import RolloutConfig
from rftlab.training.train import train
from saved_runs import same
from training import json_lines, run_json


@pytest.mark.parametrize(
    ("rewards", "count", "chosen"),
    [
        ([0.0, 1.0, 0.0, 1.0, 1.0, 0.0], 4, [0, 1, 2, 3]),  # two of each
        ([0.0, 0.0, 0.0, 1.0, 0.0], 3, [0, 1, 3]),
        ([1.0, 1.0, 0.0, 1.0], 2, [0, 2]),
        ([0.5, 0.5, 0.5, 0.5], 2, [0, 1]),  # nothing differs: the first
        ([0.1, 0.9, 0.5, 0.4, 1.0], 3, [0, 1, 4]),  # 0.1, 0.9, 1.0 has more than 0.1, 0.4, 1.0
    ],
)
def test_by_hand(rewards: list[float], count: int, chosen: list[int]) -> None:
    assert max_variance(rewards, count) == chosen


@given(st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0, -1.0]), min_size=3, max_size=7), st.integers(2, 6))
def test_no_subset_has_more_variance(rewards: list[float], count: int) -> None:
    count = min(count, len(rewards))
    chosen = max_variance(rewards, count)
    assert len(set(chosen)) == count
    best = max(np.var([rewards[i] for i in subset]) for subset in itertools.combinations(range(len(rewards)), count))
    assert np.var([rewards[i] for i in chosen]) == pytest.approx(best, abs=1e-12)


def test_a_round_keeps_the_chosen_rollouts_of_each_query() -> None:
    names, rewards = "aaabbb", [0.0, 1.0, 1.0, 1.0, 1.0, 0.0]
    queries = [Query(name, "?", "!") for name in names]
    rollouts = [Rollout((1,), (i,), (-1.0,), False) for i in range(6)]
    current = CurrentRound(queries, rollouts, 3, [Judgement(r == 1, None) for r in rewards], rewards=rewards)
    chosen = down_sampled(current, 2)
    assert [rollout.tokens for rollout in chosen.rollouts] == [(0,), (1,), (3,), (5,)]
    assert chosen.rewards_BM.tolist() == [[0.0, 1.0], [1.0, 0.0]]
    assert [query.id for query in chosen.queries] == [*"aabb"]
    assert down_sampled(current, None) is current


def test_defaults_are_those_of_the_schema() -> None:
    assert RolloutSection().down_sample is RolloutConfig(8, 1, 0, 1.0, 1.0, 6).down_sample is None


def test_a_run_samples_all_trains_on_the_chosen_and_resumes_exactly(cut, base, data, tmp_path) -> None:
    run = run_json(advantage={"name": "group_norm", "epsilon": 1e-6, "ddof": 1}, checkpoint_every=4)
    run["config"]["rollout"] |= {"queries": 4, "rollouts": 4, "down_sample": 2}
    train(run, base, data, tmp_path / "whole", code="c")
    folder = cut(3, run)
    train(run, base, data, folder, code="c")
    same(folder, tmp_path / "whole")
    rows = json_lines(folder / "metrics.jsonl")
    assert [row["rollouts"] for row in rows] == [16, 32, 48, 64, 80, 96]
    assert all(row["trained_rollouts"] == round(8 * row["signal_share"]) for row in rows)
    assert sum(row["trained_rollouts"] for row in rows) > 0

    # common random numbers: what is sampled first, and measured, is what all four would be trained on
    run["config"]["rollout"]["down_sample"] = None
    train(run, base, data, tmp_path / "all", code="c")
    everything = json_lines(tmp_path / "all" / "metrics.jsonl")[0]
    for name in ("reward_mean", "accuracy", "response_length", "entropy", "signal_share"):
        assert rows[0][name] == everything[name]
