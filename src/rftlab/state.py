"""Checkpoints: Hugging Face directories that appear whole or not at all."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from rftlab.runlog import file_sha256

WEIGHTS = "model.safetensors"


def save_checkpoint(folder: Path, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> str:
    """Save model and tokenizer to ``folder`` and return the SHA-256 of the weights file.

    The directory is written under a temporary name and renamed, so that no reader ever finds half of it.
    """
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    model.save_pretrained(temporary, max_shard_size="1000GB")
    tokenizer.save_pretrained(temporary)
    sha256 = file_sha256(temporary / WEIGHTS)
    shutil.rmtree(folder, ignore_errors=True)
    temporary.rename(folder)
    return sha256


def checkpoint_entry(round_number: int, path: str, sha256: str, *, rollouts: int, tokens: int) -> dict[str, Any]:
    """One entry of ``checkpoints.json``: where the weights of a round are, their digest and what they have cost."""
    return {"round": round_number, "path": path, "sha256": sha256, "rollouts": rollouts, "tokens": tokens}
