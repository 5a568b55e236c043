"""Tiny policies, prompts and runs, for the tests of the training core."""

from __future__ import annotations

import copy
import functools
import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from rftlab.data.queries import Query, write_queries
from rftlab.data.sources import source_of
from rftlab.models.build import build
from rftlab.models.tiny import TinyConfig, character_tokenizer, initial_model

ARCHITECTURES = ["llama", "olmo2", "qwen2"]
CHARSET = "0123456789+-=;#"
TOKENIZER = character_tokenizer(CHARSET)
END, PAD = TOKENIZER.eos_token_id, TOKENIZER.pad_token_id

SUMS = {"source": "procedural", "family": "chains", "terms": [2], "high": 6, "operators": "+"}
BASE = {
    "source": "tiny",
    "architecture": "qwen2",
    "layers": 1,
    "hidden_size": 32,
    "seed": 0,
    "lr": 0.01,
    "batch_size": 32,
    "max_steps": 300,
    "check_every": 20,
    "check_queries": 40,
    "max_new_tokens": 6,
    "tasks": {"sums": {"dataset": SUMS, "weight": 1.0, "verifier": "marked", "low": 0.0, "goal": 0.2, "high": 1.0}},
}


def policy(architecture: str = "qwen2", *, seed: int = 0) -> Any:
    """An untrained model of two layers and two heads of 32, whose next token is neither certain nor uniform."""
    config = TinyConfig.read({**BASE, "architecture": architecture, "layers": 2, "hidden_size": 64, "seed": seed})
    model = initial_model(config, TOKENIZER)
    with torch.no_grad():  # as initialised, the next token is nearly uniform, and tests of it would be weak
        for name, parameter in model.named_parameters():
            parameter.mul_(3.0 if "embed" in name else 6.0 if parameter.dim() == 2 else 1.0)
    return model.eval()


def perturbed(model: Any, scale: float, *, seed: int = 0) -> Any:
    """A copy whose weights have moved a little."""
    other = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator) * scale)
    return other


def prompts(count: int, *, seed: int = 0, longest: int = 9) -> list[list[int]]:
    """Prompts of different lengths."""
    rng = random.Random(seed)
    return [TOKENIZER("".join(rng.choices(CHARSET, k=rng.randint(1, longest)))).input_ids for _ in range(count)]


@contextmanager
def rows_run_forward(model: Any) -> Iterator[list[int]]:
    """The number of rows of every forward pass of a model, a decoding step included."""
    rows: list[int] = []
    hook = model.get_input_embeddings().register_forward_pre_hook(lambda _, args: rows.append(len(args[0])))
    try:
        yield rows
    finally:
        hook.remove()


@functools.cache
def base_bytes() -> dict[str, bytes]:
    """The files of a base model that solves some sums; trained once, in about a second."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        build(BASE, Path(folder))
        return {path.name: path.read_bytes() for path in Path(folder, "model").iterdir()}


def write_base(folder: Path) -> Path:
    """Write that base model's directory."""
    folder.mkdir(parents=True)
    for name, content in base_bytes().items():
        (folder / name).write_bytes(content)
    return folder


def generated(config: dict[str, Any], split: str) -> list[Query]:
    """Queries of one split of a dataset's configuration."""
    return source_of(config).read()[split].queries


def write_sums(path: Path, count: int = 16) -> Path:
    """Write training queries that base model half knows."""
    write_queries(path, generated({**SUMS, "sizes": {"train": count}}, "train"))
    return path


def run_json(**overrides: Any) -> dict[str, Any]:
    """A run of six rounds of eight queries; dotted keys of ``config`` are written with two underscores."""
    run: dict[str, Any] = {
        "study": "test",
        "model": "tiny",
        "dataset": "sums",
        "variant": "baseline",
        "factor": None,
        "level": None,
        "relative_to": None,
        "seed": 0,
        "random_seed": overrides.pop("random_seed", 0),
        "model_digest": "0" * 16,
        "dataset_digest": "0" * 16,
        "config": {
            "prompt": {"template": "{{ query }}", "chat": False},
            "verifier": "marked",
            "rollout": {
                "queries": 8,
                "rollouts": 1,
                "statistics_rollouts": 0,
                "temperature": 1.0,
                "top_p": 1.0,
                "max_new_tokens": 6,
            },
            "engine": {
                "name": "transformers",
                "rows": 256,
                "cache_gib": 2.0,
                "gpu_memory_utilization": 0.5,
                "sleep": 0,
            },
            "reward": {"name": "outcome", "correct": 1.0, "incorrect": 0.0, "probability": 0.5},
            "advantage": {"name": "raw"},
            "objective": {
                "ratio": {"name": "none"},
                "aggregation": {"name": "token_mean"},
                "kl": {"coefficient": 0.0, "estimator": "k3"},
            },
            "optimizer": {
                "lr": 1e-3,
                "weight_decay": 0.01,
                "betas": [0.9, 0.999],
                "epsilon": 1e-8,
                "max_gradient_norm": 1.0,
            },
            "update": {"token_budget": 4096, "gradient_checkpointing": False, "compile": False},
            "precision": {"autocast": "none", "checkpoint_dtype": "float32", "sampler_dtype": "trainer"},
            "lora": {"rank": 0, "alpha": 32, "targets": ["q_proj", "v_proj"]},
            "device": "cpu",
            "budget": {"rounds": 6},
            "checkpoint_every": 4,
            "diagnostics": {"kl_every": 2},
        },
    }
    for dotted, value in overrides.items():
        *parents, key = dotted.split("__")
        section = run["config"]
        for parent in parents:
            section = section[parent]
        assert key in section, dotted
        section[key] = value
    return run


def json_lines(path: Path) -> list[dict[str, Any]]:
    """Rows of a log."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def read(folder: Path, name: str) -> Any:
    """A document of a run."""
    return json.loads((folder / name).read_text())
