"""Stand-ins for the names that rftlab imports from vLLM, so that what it does with them is tested without it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

import rftlab.rollouts


class Engine:
    """As vLLM's ``WeightTransferEngine``: what it is given is kept."""

    def __init__(self, model: Any, model_config: Any = None) -> None:
        self.model, self.model_config = model, model_config


class Sampler:
    """As vLLM's ``TopKTopPSampler``."""

    def forward_native(self) -> str:
        """Its plain sampler."""
        return "native"

    def forward_cpu(self) -> str:
        """Its own on a CPU."""
        return "cpu"


class Stub:
    """A vLLM of names alone; ``calls`` are what was asked of it, in order."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.start: Callable[..., Any] = lambda **settings: settings
        self.platform = SimpleNamespace(is_cpu=lambda: True, is_unspecified=lambda: False)
        self.registry = SimpleNamespace(
            get_supported_archs=lambda: ["Qwen2ForCausalLM", "LlamaForCausalLM"],
            models={"Qwen2ForCausalLM": SimpleNamespace(load_model_cls=lambda: "the class")},
            register_model=self.noting("register"),
        )
        self.names: dict[str, dict[str, Any]] = {
            "": {
                "LLM": lambda **settings: self.start(**settings),
                "RequestOutput": object,
                "SamplingParams": SimpleNamespace,
            },
            "config.weight_transfer": {"WeightTransferConfig": SimpleNamespace},
            "distributed": {"cleanup_dist_env_and_memory": self.noting("cleanup")},
            "distributed.weight_transfer.base": {
                "WeightTransferEngine": Engine,
                "WeightTransferInitInfo": object,
                "WeightTransferUpdateInfo": object,
            },
            "distributed.weight_transfer.factory": {
                "WeightTransferEngineFactory": SimpleNamespace(register_engine=self.noting("engine"))
            },
            "model_executor.layers.utils": {"dispatch_cpu_unquantized_gemm": self.noting("pack")},
            "model_executor.model_loader.reload": {
                "initialize_layerwise_reload": self.noting("wait"),
                "finalize_layerwise_reload": self.noting("finalize"),
            },
            "model_executor.models": {"ModelRegistry": self.registry},
            "model_executor.models.transformers.base": {"Base": type("Base", (), {})},
            "platforms": {"current_platform": self.platform},
            "v1.sample.ops.topk_topp_sampler": {"TopKTopPSampler": type("TopKTopPSampler", (Sampler,), {})},
        }

    def noting(self, name: str) -> Callable[..., None]:
        """A function that only notes its call."""

        def note(*args: Any, **named: Any) -> None:
            self.calls.append((name, *args, named) if named else (name, *args))

        return note

    def load(self, patch: pytest.MonkeyPatch, name: str) -> ModuleType:
        """A module of ``rftlab.rollouts``, executed anew upon this vLLM; the one that others import stays as it is."""
        parents = {".".join(path.split(".")[:depth]) for path in self.names for depth in range(path.count(".") + 1)}
        for path in sorted(parents | self.names.keys()):
            module = ModuleType(f"vllm.{path}".rstrip("."))
            module.__path__ = []
            vars(module).update(self.names.get(path, {}))
            patch.setitem(sys.modules, module.__name__, module)
        patch.setitem(sys.modules, "rftlab.rollouts.vllm_weights", SimpleNamespace(BACKEND="inproc"))
        spec = importlib.util.spec_from_file_location(
            f"{name}_upon_a_stub", Path(rftlab.rollouts.__file__).with_name(f"{name}.py")
        )
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        patch.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)
        return module
