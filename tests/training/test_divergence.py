"""The round in which a run diverged, and which query it was."""

from __future__ import annotations

from pathlib import Path

import rftlab.training.train
from rftlab.data.queries import read_queries
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

    def spoiled(policy, optimizer, rollouts, advantages_N, *args, **kwargs):
        rounds.append(len(rollouts))
        if len(rounds) == 3:
            advantages_N[5] = float("inf")
        return original(policy, optimizer, rollouts, advantages_N, *args, **kwargs)

    rounds: list[int] = []
    original = rftlab.training.train.update
    monkeypatch.setattr(rftlab.training.train, "update", spoiled)
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
