"""Queries whose rewards are all equal: drawn anew up to a cap, counted, and left out of the loss where asked."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import rftlab.training.train
from rftlab.data.queries import Query
from rftlab.levels import load
from rftlab.rewards import Judgement
from rftlab.rollouts import Rollout
from rftlab.study.baseline import ObjectiveSection, RolloutSection
from rftlab.training.divergence import CurrentRound
from rftlab.training.equal_rewards import cap_reached, counts, equal, redrawn, weights
from rftlab.training.learner import RolloutConfig
from rftlab.training.train import train
from rounds import round_of
from saved_runs import same
from training import json_lines, run_json

GROUP_NORM = {"name": "group_norm", "epsilon": 1e-6, "ddof": 1}


def drawn(**rewards: tuple[float, ...]) -> CurrentRound:
    """A round of queries named by letters, with these rewards and responses as long as they are many."""
    flat = [(name, reward) for name, some in rewards.items() for reward in some]
    per_query = len(next(iter(rewards.values())))
    queries = [Query(name, f"{name}?", f"{name}!") for name, _ in flat]
    rollouts = [Rollout((1,), (i + 1,), (-1.0,), False) for i in range(len(flat))]
    judgements = [Judgement(reward == 1, name) for name, reward in flat]
    return CurrentRound(queries, rollouts, per_query, judgements, [reward for _, reward in flat])


def ids(current: CurrentRound) -> str:
    return "".join(query.id for query in current.queries[:: current.per_query])


def test_equal_rewards_by_hand() -> None:
    rewards_BM = np.array([[1.0, 0.0], [0.0, 0.0], [1.0, 1.0], [0.1, 0.1], [0.5, 0.25]])
    assert equal(rewards_BM).tolist() == [False, True, True, True, False]
    assert equal(np.array([[1.0], [0.0]])).all(), "a single reward equals itself"


# drawn anew ----------------------------------------------------------------------------------------------------------


def test_what_is_equal_is_replaced_in_its_row_until_nothing_is() -> None:
    first = drawn(a=(0.0, 0.0), b=(1.0, 0.0), c=(1.0, 1.0), d=(0.0, 1.0))
    later = {(0, 2): drawn(e=(0.0, 1.0), f=(0.0, 0.0)), (2, 1): drawn(g=(1.0, 0.0))}
    current, sampled = redrawn(first, 5, lambda start, count: later[start, count])
    assert ids(current) == "ebgd"
    assert current.rewards_BM.tolist() == [[0.0, 1.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
    assert [judgement.extracted for judgement in current.judgements] == [*"eebbggdd"]
    assert ids(sampled) == "abcdefg"
    assert counts(current, sampled, 5) == {"redrawn_queries": 3, "equal_queries": 0}
    assert ids(first) == "abcd", "the round as it was drawn is left alone"


def test_the_cap_leaves_what_is_equal_and_counts_it() -> None:
    first = drawn(a=(0.0, 0.0), b=(1.0, 0.0))
    current, sampled = redrawn(first, 2, lambda start, _: drawn(**{"xy"[start]: (1.0, 1.0)}))
    assert ids(current) == "yb"
    assert counts(current, sampled, 2) == {"redrawn_queries": 2, "equal_queries": 1}


def test_without_redraws_a_round_is_what_was_drawn() -> None:
    first = drawn(a=(0.0, 0.0))
    current, sampled = redrawn(first, 0, lambda *_: pytest.fail("nothing is drawn"))
    assert current is sampled is first
    assert counts(current, sampled, 0) == {}


def test_nothing_is_drawn_for_a_round_without_equal_rewards() -> None:
    first = drawn(a=(0.0, 1.0))
    current, sampled = redrawn(first, 3, lambda *_: pytest.fail("nothing is drawn"))
    assert current is sampled is first


def test_one_line_says_where_the_cap_was_reached(tmp_path: Path) -> None:
    log = tmp_path / "metrics.jsonl"
    log.write_text("".join(json.dumps({"round": i, "equal_queries": left}) + "\n" for i, left in enumerate([0, 2, 1])))
    assert cap_reached(log, 4) == [
        "rollout.redraws: in 2 of 3 rounds the cap of 4 left 3 queries of equal rewards in all"
    ]
    log.write_text('{"round": 1, "equal_queries": 0}\n')
    assert cap_reached(log, 4) == cap_reached(tmp_path / "no file", 0) == []


# left out ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("aggregation", "kept"),
    [("token_mean", [1 / 8, 1 / 8]), ("query_mean", [1 / 8, 1 / 8]), ("sequence_mean", [1 / 6, 1 / 10])],
)
def test_weights_are_those_of_the_queries_that_are_left(aggregation: str, kept: list[float]) -> None:
    """Two of three queries are all right or all wrong: the loss is that of a round of the third alone."""
    scores = round_of([1.0, 1.0], [1.0, 0.0], [0.0, 0.0], lengths=[[7, 7], [3, 5], [9, 2]])
    aggregate = load("objectives.aggregation", aggregation)
    found = weights(scores, aggregate=aggregate, limit=10, drop_equal=True)
    np.testing.assert_allclose(found, [[0, 0], kept, [0, 0]])
    everything = weights(scores, aggregate=aggregate, limit=10, drop_equal=False)
    np.testing.assert_array_equal(everything, aggregate(scores.lengths_BM, 10))


def test_statistics_rollouts_tell_too_whether_rewards_are_equal() -> None:
    scores = round_of([1.0, 0.0], [1.0, 1.0], n=1, lengths=[[4, 9], [6, 9]])
    found = weights(scores, aggregate=load("objectives.aggregation", "token_mean"), limit=10, drop_equal=True)
    np.testing.assert_allclose(found, [[1 / 4], [0]])


def test_of_a_round_of_equal_rewards_nothing_is_left() -> None:
    scores = round_of([1.0, 1.0], [0.0, 0.0])
    for name in ("token_mean", "micro_batch_mean", "constant"):
        aggregate = load("objectives.aggregation", name)
        assert not weights(scores, aggregate=aggregate, limit=10, drop_equal=True).any()


def test_defaults_are_those_of_the_schema() -> None:
    assert RolloutSection().redraws == RolloutConfig(8, 1, 0, 1.0, 1.0, 6).redraws == 0
    assert ObjectiveSection().drop_equal_rewards is False


# runs ----------------------------------------------------------------------------------------------------------------


def dynamic(redraws: int, **more: object) -> dict[str, object]:
    run = run_json(advantage=GROUP_NORM, checkpoint_every=2, diagnostics__kl_every=0, **more)
    run["config"]["rollout"] |= {"rollouts": 2, "redraws": redraws}
    return run


@pytest.fixture
def trained_on(monkeypatch) -> list[list[float]]:
    """Advantages that each update is given."""
    seen = []
    original = rftlab.training.train.update

    def spy(policy, optimizer, rollouts, advantages_N, *args, **kwargs):
        seen.append(advantages_N.tolist())
        return original(policy, optimizer, rollouts, advantages_N, *args, **kwargs)

    monkeypatch.setattr(rftlab.training.train, "update", spy)
    return seen


def test_a_dynamic_run_counts_what_it_samples_and_resumes_exactly(
    cut, base, data, tmp_path, capsys, trained_on
) -> None:
    run = dynamic(2)
    train(run, base, data, tmp_path / "whole", code="c")
    printed = capsys.readouterr().out
    rows = json_lines(tmp_path / "whole" / "metrics.jsonl")
    left = [row["equal_queries"] for row in rows]
    assert sum(row["redrawn_queries"] for row in rows) > 0
    assert sum(left) > 0
    assert [row["rollouts"] for row in rows] == np.cumsum([16 + 2 * row["redrawn_queries"] for row in rows]).tolist()
    for row, advantages, count in zip(rows, trained_on, left, strict=True):
        without = (np.reshape(advantages, (8, 2)) == 0).all(axis=1).sum()
        assert without == count
        assert row["signal_share"] == (8 - count) / 8
    rounds = sum(count > 0 for count in left)
    assert f"in {rounds} of 6 rounds the cap of 2 left {sum(left)} queries of equal rewards in all" in printed
    folder = cut(4, run)
    train(run, base, data, folder, code="c")
    same(folder, tmp_path / "whole")

    # common random numbers: the first round begins as it would without redraws, and is measured there
    train(dynamic(0, budget={"rounds": 1}), base, data, tmp_path / "plain", code="c")
    (plain,) = json_lines(tmp_path / "plain" / "metrics.jsonl")
    for name in ("reward_mean", "accuracy", "response_length", "entropy"):
        assert rows[0][name] == plain[name]
    assert rows[0]["signal_share"] >= plain["signal_share"]


def test_a_budget_in_rollouts_ends_with_the_round_that_spends_it(base, data, tmp_path) -> None:
    train(dynamic(3, budget={"rollouts": 100}), base, data, tmp_path / "run", code="c")
    rows = json_lines(tmp_path / "run" / "metrics.jsonl")
    assert rows[-1]["rollouts"] >= 100 > rows[-2]["rollouts"]


def test_a_query_left_out_is_not_run_even_with_a_penalty(base, data, tmp_path) -> None:
    run = dynamic(0, budget={"rounds": 2}, objective__kl={"coefficient": 0.1, "estimator": "k3"})
    run["config"]["objective"]["drop_equal_rewards"] = True
    train(run, base, data, tmp_path / "run", code="c")
    for row in json_lines(tmp_path / "run" / "metrics.jsonl"):
        assert row["trained_rollouts"] == round(16 * row["signal_share"])
