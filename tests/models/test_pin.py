"""Pinned base models: kept, found, taken for no other recipe, and as good as what the recipe makes today."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open

from rftlab.errors import BadInputError
from rftlab.models import tiny
from rftlab.models.pin import KEPT, load_pin, save_pin
from rftlab.models.pin_path import PINNED
from rftlab.models.tiny import TinyConfig, accuracies, train_tiny
from training import BASE

SMALL = Path(__file__).with_name("small.safetensors")
"""A pin of the recipe below: two-digit sums, in seconds; ``save_pin(SMALL, RECIPE)`` makes it anew."""
RECIPE: dict[str, Any] = {
    **BASE,
    "layers": 2,
    "hidden_size": 64,
    "lr": 0.005,
    "batch_size": 64,
    "max_steps": 600,
    "check_every": 50,
    "check_queries": 100,
    "tasks": {
        "sums": {
            "dataset": {"source": "procedural", "family": "chains", "terms": [2], "high": 19, "operators": "+"},
            "weight": 1.0,
            "verifier": "marked",
            "low": 0.2,
            "goal": 0.3,
            "high": 0.6,
        }
    },
}
QUICK = {**BASE, "max_steps": 1, "check_every": 1, "tasks": {"sums": {**BASE["tasks"]["sums"], "goal": 0.0}}}
QUALITY = 0.25
"""How far the greedy accuracy of a recipe trained elsewhere may be from its pin's: it stops at another step."""


def kept_with(path: Path) -> dict[str, Any]:
    with safe_open(path, framework="pt") as file:
        return dict(json.loads(file.metadata()[KEPT]))


def greedy(model: Any, tokenizer: Any, recipe: dict[str, Any]) -> dict[str, float]:
    return accuracies(model, tokenizer, TinyConfig.read(recipe), temperature=0.0)


def test_a_recipe_trained_here_is_as_good_as_its_pin() -> None:
    pinned = greedy(*load_pin(SMALL, RECIPE)[:2], RECIPE)
    trained = greedy(*train_tiny(TinyConfig.read(RECIPE))[:2], RECIPE)
    assert pinned == {"sums": pytest.approx(trained["sums"], abs=QUALITY)}


def test_weights_are_kept_in_half_the_bytes_and_loaded_as_they_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "pin.safetensors"
    save_pin(path, QUICK)
    model, tokenizer, facts = load_pin(path, QUICK)
    trained, same_tokenizer, made = train_tiny(TinyConfig.read(QUICK))
    for name, parameter in trained.named_parameters():
        loaded = dict(model.named_parameters())[name]
        assert loaded.dtype == torch.float32
        assert torch.equal(loaded, parameter.bfloat16().float())
    assert model.lm_head.weight is model.get_input_embeddings().weight
    assert tokenizer.get_vocab() == same_tokenizer.get_vocab()
    assert (facts["steps"], facts["loss"]) == (made["steps"], made["loss"])
    assert facts["greedy_accuracy"] == greedy(model, tokenizer, QUICK)
    parameters = sum(p.numel() for p in model.parameters())
    assert 2 * parameters < path.stat().st_size < 2 * parameters + 4_000
    first = path.read_bytes()
    save_pin(path, QUICK)
    assert path.read_bytes() == first


def test_a_pin_is_taken_for_no_other_recipe(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"small.safetensors: pinned with another recipe .*`make pin-models`"):
        load_pin(SMALL, {**RECIPE, "seed": 1})


def test_code_that_makes_something_else_of_the_recipe_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(tiny, "UNKNOWN", "<other>")
        with pytest.raises(BadInputError, match="pinned with another characters than this recipe has today"):
            load_pin(SMALL, RECIPE)
    monkeypatch.setattr(tiny, "HEAD_DIM", 64)
    monkeypatch.setitem(tiny.ARCHITECTURES, "qwen2", tiny.ARCHITECTURES["llama"])
    with pytest.raises(BadInputError, match="pinned with another architecture than this recipe has today"):
        load_pin(SMALL, RECIPE)


@pytest.mark.parametrize("damage", [lambda content: content[:1000], lambda content: b"", lambda content: None])
def test_a_damaged_pin_is_one_line(tmp_path: Path, damage: Any) -> None:
    path = tmp_path / "pin.safetensors"
    if (content := damage(SMALL.read_bytes())) is not None:
        path.write_bytes(content)
    with pytest.raises(BadInputError, match=r"pin.safetensors: not a pinned model: ") as stopped:
        load_pin(path, RECIPE)
    assert "\n" not in str(stopped.value)


def test_a_model_that_is_out_of_range_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="sums is at"):
        save_pin(tmp_path / "pin.safetensors", {**QUICK, "tasks": {"sums": {**QUICK["tasks"]["sums"], "low": 0.9}}})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("path", sorted(PINNED.iterdir()), ids=lambda path: path.stem)
def test_a_shipped_pin_answers_as_when_it_was_made(path: Path) -> None:
    """Another version of transformers may make another model of the same weights."""
    kept = kept_with(path)
    model, tokenizer, facts = load_pin(path, kept["recipe"])
    for task, accuracy in greedy(model, tokenizer, kept["recipe"]).items():
        assert accuracy == pytest.approx(facts["greedy_accuracy"][task], abs=0.01)
        entry = kept["recipe"]["tasks"][task]
        assert entry["low"] <= facts["sampled_accuracy"][task] <= entry["high"]
