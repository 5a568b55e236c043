"""The round in which a run diverged, and which query it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import rftlab.training.train
from rftlab.advantages import Floats, Round
from rftlab.data.queries import Query, read_queries
from rftlab.rewards import Judgement
from rftlab.rollouts import Rollout
from rftlab.training.divergence import CurrentRound
from rftlab.training.update import DivergedError
from training import json_lines, read


def test_broken_weights_are_noticed_though_no_reward_follows(go, monkeypatch) -> None:
    """A policy that is no longer finite earns nothing, and without advantages loss and gradient are 0: finite."""

    def update(policy, *args, **kwargs):
        updated = original(policy, *args, **kwargs)
        policy.get_input_embeddings().weight.data.fill_(float("nan"))
        return updated

    original = rftlab.training.train.update
    monkeypatch.setattr(rftlab.training.train, "update", update)
    folder = go()
    manifest = read(folder, "checkpoints.json")
    assert manifest["status"] == "diverged"
    rows = json_lines(folder / "diverged.jsonl")
    assert all(row["broken"] for row in rows)
    says = f"round 2, query {rows[0]['query']} and 7 more: the policy's log-probabilities are not finite"
    assert manifest["reason"] == says
    assert {row["reward"] for row in rows} == {None}  # it was not scored any more
    assert all(set(row["logprobs"]) == {"nan"} for row in rows)


def test_the_query_whose_loss_is_not_finite_is_named_and_its_round_kept(go, monkeypatch, trained) -> None:
    """One infinite advantage in round 3: no step is taken, and the run ends with what it had."""

    def spoiled(scores: Round) -> Floats:
        rounds.append(len(scores.queries))
        advantages_Bn = scores.rewards_Bn.copy()
        if len(rounds) == 3:
            advantages_Bn[5] = float("inf")
        return advantages_Bn

    rounds: list[int] = []
    monkeypatch.setattr("rftlab.advantages.raw.advantage", spoiled)
    folder = go(checkpoint_every=2)
    rows = json_lines(folder / "diverged.jsonl")
    assert len(rows) == 8
    assert [row["broken"] for row in rows] == [i == 5 for i in range(8)]
    assert rows[5]["advantage"] == "inf"
    assert {row["round"] for row in rows} == {3}
    manifest = read(folder, "checkpoints.json")
    assert manifest["reason"].startswith(f"round 3, query {rows[5]['query']}: loss ")
    assert [entry["round"] for entry in manifest["checkpoints"]] == [2]
    assert (folder / "metrics.jsonl").read_text().splitlines() == (trained / "metrics.jsonl").read_text().splitlines()[
        :2
    ]
    answers = {query.id: query.answer for query in read_queries(Path(read(folder, "provenance.json")["data"]["path"]))}
    assert all(row["answer"] == answers[row["query"]] for row in rows)
    assert [row["reward"] for row in rows] == [float(row["correct"]) for row in rows]


# one round, by hand --------------------------------------------------------------------------------------------------

NAN, INF = float("nan"), float("inf")
ERROR = DivergedError("loss nan, gradient norm inf")


def rollout(*logprobs: float, truncated: bool = False) -> Rollout:
    return Rollout((5, 6), tuple(range(7, 7 + len(logprobs))), logprobs, truncated)


def round_of(*rollouts: Rollout, ids: str = "abcdef", **more: object) -> CurrentRound:
    """A round of as many queries, named by letters."""
    queries = [Query(name, f"{name}?", f"{name}!") for name in ids[: len(rollouts)]]
    return CurrentRound(queries, rollouts, **more)


def never(*_: object) -> None:
    pytest.fail("no step is asked")


def policy() -> torch.nn.Module:
    return torch.nn.Linear(2, 1)


def test_rollouts_whose_logprobs_are_not_finite_are_broken() -> None:
    round_ = round_of(rollout(-1.0), rollout(-1.0, NAN), rollout(), rollout(-INF), trained_indices=[0, 1, 2, 3])
    assert round_.broken_indices(never, policy()) == [1, 3]


def test_else_the_step_is_asked_about_each_trained_rollout_alone() -> None:
    rollouts = [rollout(-float(i)) for i in range(4)]
    advantages, weights = np.array([10.0, 20.0, 30.0]), np.array([0.1, 0.2, 0.3])
    round_ = round_of(*rollouts, trained_indices=[0, 2, 3], advantages_N=advantages, weights_N=weights)
    asked = []

    def step(optimizer, some, advantages_N, weights_N) -> None:
        asked.append((some, advantages_N.tolist(), weights_N.tolist()))
        if some[0] is not rollouts[2]:
            raise ERROR

    assert round_.broken_indices(step, policy()) == [0, 3]
    assert asked == [
        ([rollouts[0]], [10.0], [0.1]),
        ([rollouts[2]], [20.0], [0.2]),
        ([rollouts[3]], [30.0], [0.3]),
    ]


def test_looking_for_the_broken_one_moves_no_weight() -> None:
    model = policy()
    before = [parameter.detach().clone() for parameter in model.parameters()]
    called = []

    def step(optimizer, *_: object) -> None:
        for parameter in model.parameters():
            parameter.grad = torch.ones_like(parameter)
        optimizer.step()
        called.append(optimizer)

    round_of(rollout(-1.0), trained_indices=[0], advantages_N=np.ones(1), weights_N=np.ones(1)).broken_indices(
        step, model
    )
    assert len(called) == 1
    assert all(torch.equal(old, new) for old, new in zip(before, model.parameters(), strict=True))


def test_any_other_error_of_the_step_is_not_hidden() -> None:
    def step(*_: object) -> None:
        raise ValueError("of the code")

    with pytest.raises(ValueError, match="of the code"):
        round_of(rollout(-1.0), trained_indices=[0], advantages_N=np.ones(1), weights_N=np.ones(1)).broken_indices(
            step, policy()
        )


@pytest.mark.parametrize(
    ("ids", "broken", "reason"),
    [
        ("abc", [], "round 7: loss nan, gradient norm inf"),
        ("abc", [1], "round 7, query b: loss nan, gradient norm inf"),
        ("abc", [2, 0, 1], "round 7, query c and 2 more: loss nan, gradient norm inf"),
        ("aab", [0, 1], "round 7, query a: loss nan, gradient norm inf"),
        ("aab", [0, 1, 2], "round 7, query a and 1 more: loss nan, gradient norm inf"),
    ],
)
def test_the_reason_counts_queries(tmp_path: Path, ids: str, broken: list[int], reason: str) -> None:
    round_ = round_of(*(rollout(-1.0) for _ in ids), ids=ids)
    assert round_.explain(tmp_path, 7, ERROR, broken) == reason
    assert [row["broken"] for row in json_lines(tmp_path / "diverged.jsonl")] == [i in broken for i in range(3)]


def test_a_line_has_all_that_the_round_knew(tmp_path: Path) -> None:
    round_ = round_of(
        rollout(-0.5, -1.5),
        rollout(NAN, truncated=True),
        judgements=[Judgement(True, "7"), Judgement(False, None)],
        rewards=[1.0, -INF],
        trained_indices=[1],
        advantages_N=np.array([INF]),
        weights_N=np.ones(1),
    )
    round_.explain(tmp_path, 3, ERROR, [1])
    first, second = json_lines(tmp_path / "diverged.jsonl")
    assert first == {
        "round": 3,
        "query": "a",
        "text": "a?",
        "answer": "a!",
        "broken": False,
        "correct": True,
        "extracted": "7",
        "reward": 1.0,
        "advantage": None,
        "truncated": False,
        "prompt_tokens": [5, 6],
        "tokens": [7, 8],
        "logprobs": [-0.5, -1.5],
    }
    of_second = {"correct": False, "extracted": None, "reward": "-inf", "advantage": "inf", "logprobs": ["nan"]}
    assert {name: second[name] for name in of_second} == of_second
    assert second["truncated"]


def test_what_a_round_did_not_come_to_is_null(tmp_path: Path) -> None:
    round_of(rollout(NAN)).explain(tmp_path, 1, ERROR, [0])
    (row,) = json_lines(tmp_path / "diverged.jsonl")
    assert [row[name] for name in ("correct", "extracted", "reward", "advantage")] == [None] * 4
