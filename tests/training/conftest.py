"""A base model, its queries and runs on them, each made once for a file of tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import rftlab.training.train
from rftlab.training.train import train
from saved_runs import RUN, Cut
from training import run_json, write_base, write_sums


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Path:
    return write_base(tmp_path_factory.mktemp("models") / "base")


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    return write_sums(tmp_path_factory.mktemp("data") / "train.jsonl")


@pytest.fixture(scope="module")
def trained(base, data, tmp_path_factory) -> Path:
    """The folder of one ordinary run."""
    folder = tmp_path_factory.mktemp("runs") / "baseline" / "seed-0"
    train(run_json(), base, data, folder, code="c" * 16)
    return folder


@pytest.fixture
def go(base, data, tmp_path):
    """Train a run with some configuration and return its folder."""

    def run(name: str = "run", **overrides) -> Path:
        train(run_json(**overrides), base, data, tmp_path / name, code="c" * 16)
        return tmp_path / name

    return run


@pytest.fixture(scope="module")
def reference(base, data, tmp_path_factory) -> Path:
    """A run that nobody touched."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    train(RUN, base, data, folder, code="c")
    return folder


@pytest.fixture
def cut(base, data, tmp_path, monkeypatch) -> Callable[..., Path]:
    """A run that ends dead in some round, having saved its state after each round before."""
    monkeypatch.setenv("RFTLAB_STATE", '{"every_seconds": 0}')

    def at(number: int, run: dict[str, Any] = RUN) -> Path:
        def append(path: Path, row: dict[str, object]) -> None:
            if row["round"] == number:
                raise Cut
            original(path, row)

        original = rftlab.training.train.append_json
        with monkeypatch.context() as patched:
            patched.setattr(rftlab.training.train, "append_json", append)
            with pytest.raises(Cut):
                train(run, base, data, tmp_path / "run", code="c")
        return tmp_path / "run"

    return at
