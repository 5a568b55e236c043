"""Checkpoints: Hugging Face directories that appear whole or not at all."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from rftlab.errors import os_errors
from rftlab.models import WEIGHTS
from rftlab.runlog import file_sha256, sync


def save_checkpoint(folder: Path, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> str:
    """Save model and tokenizer to ``folder`` and return the SHA-256 of the weights file."""
    with whole_directory(folder) as temporary:
        model.save_pretrained(temporary, max_shard_size="1000GB")
        tokenizer.save_pretrained(temporary)
        return file_sha256(temporary / WEIGHTS)


@contextmanager
def whole_directory(folder: Path) -> Iterator[Path]:
    """Replace a directory: fill the one this yields; it takes its place once every file is on disk.

    It has a temporary name until then, so that no reader ever finds half of it. Between the removal of the old one and
    the renaming of the new there is none.

    Raises:
        OSError: among others the disk is full; the old directory stays, the new one is removed.
    """
    temporary = folder.with_name(f".{folder.name}.{socket.gethostname()}.{os.getpid()}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        with os_errors():
            yield temporary
        for path in [*temporary.iterdir(), temporary]:
            sync(path)
        shutil.rmtree(folder, ignore_errors=True)
        temporary.rename(folder)
        sync(folder.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
