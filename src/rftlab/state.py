"""Checkpoints: Hugging Face directories that appear whole or not at all."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from rftlab.models import WEIGHTS
from rftlab.runlog import file_sha256


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
