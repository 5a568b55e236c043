"""One saved state of a training: weights, optimizer, and what else it remembers; safetensors and JSON, nothing else.

``models`` are all whose weights are part of it, by name: the policy, and what a choice keeps beside it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, load_model, save_file, save_model
from transformers import PreTrainedModel

from rftlab.files import digest, file_sha256, read_json, write_json
from rftlab.policies.weights import WEIGHTS
from rftlab.runfolder.log import STATE

LOGS = ("metrics.jsonl", "timings.jsonl")
OPTIMIZER, MEMORY = "optimizer.safetensors", "memory.json"


def write_state(
    folder: Path,
    run: Path,
    facts: Mapping[str, Any],
    models: Mapping[str, PreTrainedModel],
    optimizer: torch.optim.Optimizer,
) -> None:
    """Write weights, optimizer and ``facts`` (``key`` and ``memory`` among them) to ``folder``, with their checksums.

    The logs of ``run`` stay where they are: how long they are, and the checksum of that, are part of the state.
    """
    for name, model in models.items():
        save_model(model, str(folder / f"{name}.safetensors"))
    tensors, rest = optimizer_tensors(optimizer)
    save_file(tensors, folder / OPTIMIZER)
    content = {
        **facts,
        "optimizer": rest,
        "files": {
            name: file_sha256(folder / name) for name in (*(f"{name}.safetensors" for name in models), OPTIMIZER)
        },
        "logs": {name: _log(run / STATE / name) for name in LOGS},
    }
    write_json(folder / MEMORY, {"digest": digest(content), "content": content})


def read_facts(folder: Path, run: Path, key: Mapping[str, str]) -> dict[str, Any]:
    """What a state says, if it is of that key, and it and all it speaks of are there to the last byte.

    Raises:
        OSError, ValueError, KeyError: it is not; the message says what.
    """
    document = read_json(folder / MEMORY)
    content = dict(document["content"])
    if digest(content) != document["digest"]:
        raise ValueError(f"{MEMORY} has another checksum than it says")
    if content["key"] != key:
        raise ValueError("it is of another run")
    for name, sha256 in content["files"].items():
        if file_sha256(folder / name) != sha256:
            raise ValueError(f"{name} has another checksum than {MEMORY} says")
    for name, log in content["logs"].items():
        if _log(run / STATE / name, log["bytes"]) != log:
            raise ValueError(f"{name} is not what it was then")
    for entry in content["memory"]["checkpoints"]:
        if file_sha256(run / entry["path"] / WEIGHTS) != entry["sha256"]:
            raise ValueError(f"{entry['path']} is not what it was then")
    return content


def read_tensors(
    folder: Path,
    facts: Mapping[str, Any],
    models: Mapping[str, PreTrainedModel],
    optimizer: torch.optim.Optimizer,
) -> None:
    """Put weights and optimizer where a state has them."""
    for name, model in models.items():
        load_model(model, folder / f"{name}.safetensors", device=str(model.device))
    rest = facts["optimizer"]
    state: dict[int, dict[str, Any]] = {}
    for key, value in {**load_file(folder / OPTIMIZER), **rest["values"]}.items():
        parameter, _, name = key.partition("/")
        state.setdefault(int(parameter), {})[name] = value
    groups = [
        {name: tuple(value) if isinstance(value, list) and name != "params" else value for name, value in group.items()}
        for group in rest["groups"]
    ]
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """An optimizer's state: its tensors by ``parameter/name``, and everything else as JSON."""
    state = optimizer.state_dict()
    tensors, values = {}, {}
    for parameter, entries in state["state"].items():
        for name, value in entries.items():
            if isinstance(value, torch.Tensor):
                tensors[f"{parameter}/{name}"] = value.detach().clone().contiguous()
            else:
                values[f"{parameter}/{name}"] = value
    return tensors, {"values": values, "groups": state["param_groups"]}


def _log(path: Path, size: int | None = None) -> dict[str, Any]:
    """Length and SHA-256 of a log, or of its first ``size`` bytes."""
    content = path.read_bytes()[:size]
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
