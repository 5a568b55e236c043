"""Checkpoints: Hugging Face directories that appear whole or not at all."""

from __future__ import annotations

from pathlib import Path

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from rftlab.files import file_sha256, whole_directory
from rftlab.policies.weights import WEIGHTS


def save_checkpoint(folder: Path, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> str:
    """Save model and tokenizer to ``folder`` and return the SHA-256 of the weights file."""
    with whole_directory(folder) as temporary:
        model.save_pretrained(temporary, max_shard_size="1000GB")
        tokenizer.save_pretrained(temporary)
        return file_sha256(temporary / WEIGHTS)
