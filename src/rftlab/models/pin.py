"""Pinned base models: the weights of a tiny model, kept in bfloat16 and found by the digest of its recipe.

A tiny model that is trained on another processor is another model, and a study of it finds other things. So those of
the studies in ``config/`` are trained once and come with the package. A pin is taken for the recipe that it was made
with and for no other: the file repeats the recipe, and the characters in the order of their ids.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from rftlab.errors import BadInputError
from rftlab.files import canonical_json, write_bytes
from rftlab.models.tiny import TinyConfig, accuracies, refuse_outside, train_tiny, untrained

KEPT = "pin"  # key of the file's metadata; of several keys, the order would be another every time
AGAIN = "remove the file, and `make pin-models` makes it anew"


def save_pin(path: Path, recipe: Mapping[str, Any]) -> None:
    """Train a recipe and keep its weights, rounded to bfloat16.

    The facts kept beside them are those of ``train_tiny``, with accuracies of the rounded weights, sampled and greedy.

    Raises:
        BadInputError: a task is outside its range, before the weights are rounded or after.
    """
    config = TinyConfig.read(recipe)
    model, tokenizer, facts = train_tiny(config)
    weights = {name: parameter.detach().bfloat16() for name, parameter in model.named_parameters()}
    put(weights, model)
    sampled = accuracies(model, tokenizer, config)
    refuse_outside(config, sampled, f"rounded to bfloat16 after {facts['steps']} steps")
    facts |= {"sampled_accuracy": sampled, "greedy_accuracy": accuracies(model, tokenizer, config, temperature=0.0)}
    kept = {"recipe": dict(recipe), "characters": characters(tokenizer), "facts": facts}
    write_bytes(path, save(weights, {KEPT: canonical_json(kept)}))


def load_pin(path: Path, recipe: Mapping[str, Any]) -> tuple[PreTrainedModel, PreTrainedTokenizerFast, dict[str, Any]]:
    """The model of a recipe with the weights of a pin, as float32; its tokenizer; the facts kept with them.

    Raises:
        BadInputError: the file is damaged, or was made with another recipe, or with other characters or another
            architecture than this code makes of the recipe.
    """
    try:
        with safe_open(path, framework="pt") as file:
            kept = json.loads(file.metadata()[KEPT])
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (no mapping)
        made_with, known, facts = kept["recipe"], kept["characters"], kept["facts"]
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise BadInputError(f"{path}: not a pinned model: {error!r}; {AGAIN}") from None
    model, tokenizer = untrained(TinyConfig.read(recipe))
    for what, same in (
        ("recipe", canonical_json(made_with) == canonical_json(recipe)),
        ("characters", known == characters(tokenizer)),
        ("architecture", shapes(weights) == shapes(dict(model.named_parameters()))),
    ):
        if not same:
            raise BadInputError(f"{path}: pinned with another {what} than this recipe has today; {AGAIN}")
    put(weights, model)
    return model.eval(), tokenizer, facts


def put(weights: Mapping[str, torch.Tensor], model: PreTrainedModel) -> None:
    """Give a model these weights, in its own format."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(weights[name])


def shapes(tensors: Mapping[str, torch.Tensor]) -> dict[str, tuple[int, ...]]:
    """Shape of each tensor."""
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


def characters(tokenizer: PreTrainedTokenizerFast) -> list[str]:
    """Every token, in the order of the ids."""
    ids: dict[str, int] = tokenizer.get_vocab()
    return sorted(ids, key=lambda token: ids[token])
