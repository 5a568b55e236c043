"""What an engine is asked for and what it returns."""

from __future__ import annotations

import dataclasses
import importlib.util
import subprocess
import sys

import pytest

from rftlab.rollouts import TRANSFORMERS, EngineConfig, Rollout, Sampling


def test_planning_can_import_the_packages_without_torch() -> None:
    script = "import rftlab.models, rftlab.rollouts, sys; sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_greedy_is_a_temperature_of_nothing() -> None:
    assert Sampling(3, temperature=0.0).greedy
    assert not Sampling(3, temperature=1e-9).greedy
    assert Sampling(3) == Sampling(3, temperature=1.0, top_p=1.0), "by default the model's own distribution"


@pytest.mark.parametrize("name", ["transformers", "vllm"])
def test_an_engine_is_a_module_of_its_own(name: str) -> None:
    module = EngineConfig(name).module
    assert module == f"rftlab.rollouts.{name}_engine"
    assert importlib.util.find_spec(module) is not None


def test_without_a_word_transformers_samples() -> None:
    assert EngineConfig("transformers", rows=256, cache_gib=2.0, gpu_memory_utilization=0.5, sleep=0) == TRANSFORMERS


@pytest.mark.parametrize("value", [Sampling(3), Rollout((1,), (2,), (-0.5,), truncated=True), TRANSFORMERS], ids=str)
def test_what_was_asked_for_and_sampled_stays(value: object) -> None:
    for field in dataclasses.fields(value):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, field.name, None)
