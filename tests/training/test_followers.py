"""Which weights are sampled from and compared with, round by round; a run that goes on has the same."""

from __future__ import annotations

import pytest
import torch

import rftlab.training.train
from rftlab.study.baseline import RolloutSection
from rftlab.training.followers import Follower
from rftlab.training.learner import RolloutConfig
from rftlab.training.train import train
from saved_runs import same
from training import json_lines, policy, run_json

DENSE = {"reward__name": "random", "diagnostics__kl_every": 1}


def first(model: torch.nn.Module) -> float:
    return float(next(model.parameters()).detach().flatten()[0])


def test_weights_are_taken_over_every_third_round() -> None:
    model = policy()
    follower, seen = Follower(model, 3), []
    assert not any(p.requires_grad for p in follower.model.parameters())
    with torch.no_grad():
        for number in range(1, 8):
            seen.append(first(follower.model))
            next(model.parameters()).fill_(float(number))
            follower.follow(number)
    base = seen[0]
    assert seen == [base, base, base, 3.0, 3.0, 3.0, 6.0]
    assert [follower.age(number) for number in range(1, 8)] == [0, 1, 2, 0, 1, 2, 0]


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


def test_a_reference_that_moves_resumes_exactly_and_leaves_the_measured_kl_alone(cut, base, data, tmp_path) -> None:
    kl = {"coefficient": 1.0, "estimator": "k3", "refresh_every": 2}
    run = run_json(checkpoint_every=4, objective__kl=kl, **DENSE)
    train(run, base, data, tmp_path / "whole", code="c")
    folder = cut(4, run)
    assert {p.name for p in (folder / ".state").glob("*/reference.safetensors")}
    train(run, base, data, folder, code="c")
    same(folder, tmp_path / "whole")
    rows = json_lines(folder / "metrics.jsonl")
    assert [row["reference_age"] for row in rows] == [0, 1, 0, 1, 0, 1]
    fixed = run_json(objective__kl={**kl, "refresh_every": 0}, **DENSE)
    train(fixed, base, data, tmp_path / "fixed", code="c")
    held = json_lines(tmp_path / "fixed" / "metrics.jsonl")
    for row, other in zip(rows[:2], held[:2], strict=True):  # the base model until the first refresh
        assert row["loss"] == pytest.approx(other["loss"], abs=1e-6)
        assert row["kl_base"] == pytest.approx(other["kl_base"], abs=1e-6)
    assert rows[-1]["kl_base"] > held[-1]["kl_base"]
