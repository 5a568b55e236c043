"""Every level of every factor that is a file: planned, trained end to end, and resumed byte for byte after a kill."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import Any

import pytest

import rftlab.training.train
from rftlab import levels
from rftlab.rewards.declared import PAYS, TERMS
from rftlab.runfolder.log import DIVERGED
from rftlab.study.baseline import concise
from rftlab.study.configuration import LEVELS, apply, refuse_schedule, resolve
from rftlab.study.schema import Baseline
from rftlab.training.train import train
from saved_runs import same
from training import json_lines, run_json, write_base, write_sums

ROUNDS = 3
BASELINE = {
    "rollout": {"queries": 3, "rollouts": 2, "statistics_rollouts": 1, "max_new_tokens": 6},
    "reward": {"name": "random"},  # so that there is always something to learn
    "optimizer": {"lr": 1e-3},
}
KL, MASK = "objectives.kl", "objectives.mask"
EVERY_LEVEL = [(kind, name) for kind in (*LEVELS.values(), KL, TERMS) for name in levels.names(kind)]


def test_every_kind_of_level_that_training_has_is_here() -> None:
    assert {kind for kind, _ in EVERY_LEVEL} == {*levels.FUNCTIONS} - {"rewards.verifiers"}


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Path:
    return write_base(tmp_path_factory.mktemp("models") / "base")


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    return write_sums(tmp_path_factory.mktemp("data") / "train.jsonl", 4)  # queries recur


def planned(kind: str, name: str) -> dict[str, Any]:
    """The run of a study whose baseline has this level, as planning makes it."""
    where = {".".join(path): kind for path, kind in LEVELS.items()}
    changes = {f"{key}.name": name for key, of in where.items() if of == kind}
    if kind == KL:
        changes = {"objective.kl": {"coefficient": 0.1, "estimator": name}}
    if kind == MASK:
        changes = {"objective.mask": name}
    if kind == TERMS:
        pays = levels.read(kind, name).parameters.keys() >= PAYS
        changes = {"reward.name": name} if pays else {"reward.terms": {name: {}}}
    config = resolve(apply(Baseline.model_validate(BASELINE).model_dump(), changes, "level"), "level")
    refuse_schedule(config, ROUNDS, "level")
    run = run_json(random_seed=2)
    run["config"] |= concise(config) | {"budget": {"rounds": ROUNDS}, "checkpoint_every": 2}
    return run


@pytest.mark.parametrize(("kind", "name"), EVERY_LEVEL)
def test_it_trains_and_goes_on_after_a_kill(kind, name, base, data, tmp_path, monkeypatch) -> None:
    needs = levels.read(kind, name).constants.get("NEEDS")
    if needs and importlib.util.find_spec(needs) is None:
        pytest.skip(f"{needs} is not installed")
    whole, killed = tmp_path / "whole", tmp_path / "killed"

    def append(path: Path, row: dict[str, object]) -> None:
        if row["round"] == ROUNDS and not killed.exists():  # what a kill in this moment leaves on disk
            shutil.copytree(whole, killed)
        original(path, row)

    original = rftlab.training.train.append_json
    monkeypatch.setattr(rftlab.training.train, "append_json", append)
    monkeypatch.setenv("RFTLAB_STATE", '{"every_seconds": 0}')
    run = planned(kind, name)
    train(run, base, data, whole, code="c")
    rows = json_lines(whole / "metrics.jsonl")
    assert [row["round"] for row in rows] == [1, 2, 3]
    assert not (whole / DIVERGED).exists()
    assert any(row["trained_rollouts"] and row["gradient_norm"] > 0 for row in rows)
    assert (killed / ".state/round-0000002").exists()
    train(run, base, data, killed, code="c")
    same(killed, whole)
