"""Build a base model: an ordinary Hugging Face directory, and ``model.json`` that says where it comes from.

Stage: ``python -m rftlab.models.build --config JSON --folder DIR``.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch
from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase

from rftlab.errors import BadInputError, one_line_errors
from rftlab.files import json_option, refuse_other_shape, write_json
from rftlab.models.published import PublishedDirectory, snapshot
from rftlab.policies.checkpoint import save_checkpoint
from rftlab.policies.prompts import declared_ends, end_tokens
from rftlab.policies.vocabulary import fitted

INTEGERS = (
    "layers",
    "hidden_size",
    "seed",
    "batch_size",
    "max_steps",
    "check_every",
    "check_queries",
    "max_new_tokens",
)
SHARES = ("weight", "goal", "low", "high")
SHAPES: dict[str, dict[str, Any]] = {
    "tiny": {
        "architecture": str,
        "lr": int | float,
        **dict.fromkeys(INTEGERS, int),
        "tasks": {"*": {"dataset": dict, "verifier": str, **dict.fromkeys(SHARES, int | float)}},
    },
    "gguf": {},
    "directory": {"path": str},
    "hub": {"id": str, "commit": str, "files": dict},
}
"""Shape of the option ``--config``, by its ``source``."""


@one_line_errors
def main(argv: list[str] | None = None) -> None:
    """Build the base model of a resolved configuration."""
    parser = argparse.ArgumentParser(prog="python -m rftlab.models.build")
    parser.add_argument("--config", required=True, type=json_option("--config", source=str))
    parser.add_argument("--folder", required=True, type=Path)
    arguments = parser.parse_args(argv)
    build(arguments.config, arguments.folder)


def build(config: dict[str, Any], folder: Path) -> None:
    """Write the model to ``folder/model`` and the manifest, last, to ``folder/model.json``.

    Raises:
        BadInputError: the configuration has another shape, the model cannot be read whole, its tokenizer has ids that
            it lacks, or nothing ends a response.
    """
    source = config["source"]
    if source not in SHAPES:
        raise BadInputError(f"--config: source: {source!r} is not one of {', '.join(SHAPES)}")
    refuse_other_shape("--config", config, SHAPES[source])
    torch.use_deterministic_algorithms(True)
    model, tokenizer, facts = make(config)
    tokenizer = fitted(tokenizer, model.get_input_embeddings().num_embeddings)
    ends = end_tokens(tokenizer, *declared_ends(model))  # all that is kept: sampling is the study's to configure
    if not ends:
        raise BadInputError(
            f"{tokenizer.name_or_path}: no end token in tokenizer_config.json, config.json or generation_config.json "
            "(eos_token, eos_token_id): every response would be cut off"
        )
    model.generation_config = GenerationConfig(eos_token_id=ends, pad_token_id=tokenizer.pad_token_id)
    manifest = {
        "sha256": save_checkpoint(folder / "model", model, tokenizer),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "architecture": model.config.model_type,
        **facts,
        "config": config,
    }
    write_json(folder / "model.json", manifest)


def make(config: dict[str, Any]) -> tuple[PreTrainedModel, PreTrainedTokenizerBase, dict[str, Any]]:
    """Model, tokenizer and facts for the manifest, by ``source``; imports only what that source needs."""
    if config["source"] == "tiny":
        from rftlab.models.pin import load_pin
        from rftlab.models.pin_path import pin_path
        from rftlab.models.tiny import TinyConfig, train_tiny

        if (path := pin_path(config)).is_file():
            model, tokenizer, facts = load_pin(path, config)
            return model, tokenizer, {"origin": "pinned: it came with the package", **facts}
        model, tokenizer, facts = train_tiny(TinyConfig.read(config))
        return model, tokenizer, {"origin": "trained here", **facts}
    if config["source"] == "gguf":
        from rftlab.models.gguf import read_gguf

        return read_gguf(config)
    if config["source"] == "directory":
        directory = PublishedDirectory(Path(config["path"]))
        return directory.model(), directory.tokenizer(), {"path": config["path"]}
    directory = PublishedDirectory(snapshot(config))
    return directory.model(), directory.tokenizer(), {"id": config["id"], "commit": config["commit"]}


if __name__ == "__main__":
    main()
