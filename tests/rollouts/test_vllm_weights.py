"""Weights that reach a vLLM in the same process; `make test-vllm` runs these in the environment that has it."""

from __future__ import annotations

from types import ModuleType, SimpleNamespace
from typing import Any

import psutil
import pytest
import torch

from one_vllm import GREEDY, PROMPTS, SEEDS, assert_same, every_kind, expected
from stub_vllm import Stub
from training import (
    ARCHITECTURES,
    TOKENIZER,
    perturbed,
    policy,
)


@every_kind
def test_after_any_sync_greedy_output_is_that_of_transformers(vllm, architecture, make) -> None:
    first = make(architecture)
    engine = vllm(first)
    models = [first, perturbed(first, 0.02), make(architecture, seed=3), first]
    seen = []
    for model in models:
        engine.sync(model)
        rollouts = engine.generate(PROMPTS, GREEDY, SEEDS)
        assert_same(rollouts, expected(model, GREEDY))
        seen.append(tuple(rollout.tokens for rollout in rollouts))
    assert seen[0] == seen[3]
    assert len(set(seen)) == 3, "models that answer alike would prove nothing"


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_weights_that_moved_in_place_arrive(vllm, architecture) -> None:
    model = policy(architecture)
    engine = vllm(model)
    before = engine.generate(PROMPTS, GREEDY, SEEDS)
    with torch.no_grad():
        for parameter, other in zip(model.parameters(), policy(architecture, seed=5).parameters(), strict=True):
            parameter.copy_(other)
    assert engine.generate(PROMPTS, GREEDY, SEEDS) == before  # weights are the engine's own
    engine.sync(model)
    rollouts = engine.generate(PROMPTS, GREEDY, SEEDS)
    assert_same(rollouts, expected(model, GREEDY))
    assert rollouts != before


def test_fifty_syncs_do_not_grow_memory(vllm) -> None:
    from rftlab.models.tiny import TinyConfig, initial_model
    from training import BASE

    model = initial_model(TinyConfig.read({**BASE, "layers": 4, "hidden_size": 256}), TOKENIZER).eval()
    size = sum(parameter.numel() * 4 for parameter in model.parameters())
    assert size > 10e6
    engine = vllm(model)
    memory = []
    for _ in range(55):
        engine.sync(model)
        engine.generate(PROMPTS[:4], GREEDY, SEEDS[:4])
        memory.append(psutil.Process().memory_info().rss)
    assert memory[-1] - memory[4] < 2 * size, "one copy kept by each sync would be 50"


def test_weights_that_do_not_arrive_are_an_error(vllm, monkeypatch) -> None:
    model = policy()
    named = list(model.named_parameters())[:-1]
    engine = vllm(model)
    monkeypatch.setattr(model, "named_parameters", lambda: iter(named))
    with pytest.raises(RuntimeError, match=r"no new weights for model\.norm\.weight"):
        engine.sync(model)


# upon a stub of vLLM -------------------------------------------------------------------------------------------------


@pytest.fixture
def stub() -> Stub:
    return Stub()


@pytest.fixture
def weights(stub: Stub, monkeypatch) -> ModuleType:
    return stub.load(monkeypatch, "vllm_weights")


class Model:
    """Takes the weights that it has, and says which these were."""

    def __init__(self, *names: str) -> None:
        self.weights: dict[str, Any] = dict.fromkeys(names)
        self.lm_head = "the output layer"

    def named_parameters(self) -> list[tuple[str, Any]]:
        return [*self.weights.items()]

    def load_weights(self, named: Any) -> set[str]:
        given = dict(named)
        self.weights |= given
        return set(given)


def test_it_is_registered_by_its_name(weights: ModuleType, stub: Stub) -> None:
    assert weights.BACKEND == "inproc"
    assert stub.calls == [("engine", "inproc", weights.InprocWeightTransfer)]


def test_tensors_are_handed_over_as_they_are(weights: ModuleType) -> None:
    model, given = Model("a", "b"), {"b": torch.ones(2), "a": torch.zeros(3)}
    weights.InprocWeightTransfer(model).receive_weights(weights.InprocUpdateInfo(given.items()))
    assert all(model.weights[name] is tensor for name, tensor in given.items())


def test_weights_that_are_left_out_are_named(weights: ModuleType) -> None:
    engine = weights.InprocWeightTransfer(Model("c", "a", "b"))
    with pytest.raises(RuntimeError, match=r"^no new weights for a, c$"):
        engine.receive_weights(weights.InprocUpdateInfo([("b", 1)]))


@pytest.mark.parametrize("cpu", [True, False])
def test_only_a_cpu_packs_its_output_layer_anew(weights: ModuleType, stub: Stub, cpu: bool) -> None:
    stub.platform.is_cpu = lambda: cpu
    model = Model("a")
    engine = weights.InprocWeightTransfer(model, SimpleNamespace())
    stub.calls.clear()
    engine.start_weight_update()
    engine.finish_weight_update()
    pack = [("pack", model.lm_head, {"remove_weight": False})] if cpu else []
    assert stub.calls == [("wait", model), ("finalize", model, engine.model_config), *pack]
