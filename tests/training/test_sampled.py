"""Which weights are sampled from, round by round, and that a run that goes on samples from the same."""

from __future__ import annotations

import pytest
import torch

import rftlab.training.train
from rftlab.study.baseline import RolloutSection
from rftlab.training.learner import RolloutConfig
from rftlab.training.sampled import Sampled
from rftlab.training.train import train
from saved_runs import same
from training import json_lines, policy, run_json

DENSE = {"reward__name": "random", "diagnostics__kl_every": 1}


class Engine:
    """What is sampled with after each round."""

    def __init__(self) -> None:
        self.synced: list[float] = []

    def sync(self, model: torch.nn.Module) -> None:
        self.synced.append(first(model))


def first(model: torch.nn.Module) -> float:
    return float(next(model.parameters()).detach().flatten()[0])


def test_weights_are_taken_over_every_third_round() -> None:
    model, engine = policy(), Engine()
    sampled, seen = Sampled(model, 3), []
    assert sampled.copies == {"sampler": sampled.model}
    assert not any(p.requires_grad for p in sampled.model.parameters())
    with torch.no_grad():
        for number in range(1, 8):
            seen.append(first(sampled.model))
            next(model.parameters()).fill_(float(number))
            sampled.follow(number, engine)
    base = seen[0]
    assert seen == [base, base, base, 3.0, 3.0, 3.0, 6.0]
    assert engine.synced == [3.0, 6.0]
    assert [sampled.metrics(number)["sampler_age"] for number in range(1, 8)] == [0, 1, 2, 0, 1, 2, 0]


def test_taken_over_every_round_it_is_the_policy() -> None:
    model, engine = policy(), Engine()
    sampled = Sampled(model, 1)
    assert sampled.model is model
    assert sampled.copies == sampled.metrics(5) == {}
    sampled.follow(1, engine)
    assert engine.synced == [first(model)]


def test_defaults_are_those_of_the_schema() -> None:
    assert RolloutSection().sync_every == RolloutConfig(8, 1, 0, 1.0, 1.0, 6).sync_every == 1


def stale(**more: object) -> dict[str, object]:
    run = run_json(checkpoint_every=2, **DENSE, **more)
    run["config"]["rollout"]["sync_every"] = 3
    return run


@pytest.fixture
def rollouts(monkeypatch) -> list[list[tuple[int, ...]]]:
    """Tokens that each update is given."""
    seen = []
    original = rftlab.training.train.update

    def spy(policy, optimizer, some, *args, **kwargs):
        seen.append([rollout.tokens for rollout in some])
        return original(policy, optimizer, some, *args, **kwargs)

    monkeypatch.setattr(rftlab.training.train, "update", spy)
    return seen


def test_a_stale_run_samples_from_older_weights_and_resumes_exactly(cut, base, data, tmp_path, rollouts) -> None:
    """Killed in round 5, whose sampler is the policy after round 3: two steps have been taken since."""
    run = stale()
    train(run, base, data, tmp_path / "whole", code="c")
    folder = cut(6, run)
    train(run, base, data, folder, code="c")
    same(folder, tmp_path / "whole")
    rows = json_lines(folder / "metrics.jsonl")
    assert [row["sampler_age"] for row in rows] == [0, 1, 2, 0, 1, 2]
    fresh = [row["mismatch_all_max"] for row in rows if row["sampler_age"] == 0]
    old = [row["mismatch_all_max"] for row in rows if row["sampler_age"]]
    assert max(fresh) < 1e-5 < 1e-3 < min(old)

    # common random numbers: the first rounds sample what a policy that never moves would
    stale_rollouts, rollouts[:] = rollouts[:3], []
    train(run_json(optimizer__lr=0.0, budget={"rounds": 3}, **DENSE), base, data, tmp_path / "still", code="c")
    assert stale_rollouts == rollouts


def test_weights_of_importance_see_how_old_the_sampler_is(base, data, tmp_path) -> None:
    truncated = {"name": "truncated", "cap": 2.0, "sequence": False}
    plain = json_lines_of(base, data, tmp_path / "none")
    weighed = json_lines_of(base, data, tmp_path / "truncated", objective__ratio=truncated)
    assert plain[0]["loss"] == pytest.approx(weighed[0]["loss"], abs=1e-6)
    assert plain[1]["loss"] != pytest.approx(weighed[1]["loss"], abs=1e-4)


def json_lines_of(base, data, folder, **more: object) -> list[dict[str, object]]:
    train(stale(budget={"rounds": 2}, **more), base, data, folder, code="c")
    return json_lines(folder / "metrics.jsonl")
