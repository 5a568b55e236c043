"""Base models and checkpoints: ordinary Hugging Face directories with safetensors, loaded the same way everywhere."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from rftlab.errors import BadInputError
from rftlab.files import file_sha256
from rftlab.policies.loading import load
from rftlab.policies.weights import WEIGHTS

if TYPE_CHECKING:  # torch and transformers load when a model does
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


class PolicyDirectory:
    """A directory that holds a causal language model and its tokenizer.

    Raises:
        BadInputError: a file is missing; pickled weights are never loaded.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.weights = folder, [WEIGHTS]
        for name in ("config.json", WEIGHTS, "tokenizer.json"):
            if not (folder / name).is_file():
                raise BadInputError(
                    f"{folder}: no {name} (a model directory needs config.json, tokenizer.json and {WEIGHTS})"
                )

    @functools.cached_property
    def sha256(self) -> str:
        """Digest of the weights file."""
        return file_sha256(self.folder / WEIGHTS)

    def model(self, *, frozen: bool = False) -> PreTrainedModel:
        """The model in float32, in evaluation mode: no dropout, so that sampler and trainer are one policy.

        Raises:
            BadInputError: its files are not whole, see :func:`rftlab.policies.loading.load`.
        """
        import torch

        model = load(self.folder, self.weights, dtype=torch.float32, use_safetensors=True, attn_implementation="sdpa")
        return model.eval().requires_grad_(not frozen)

    def tokenizer(self) -> PreTrainedTokenizerBase:
        """The tokenizer exactly as ``tokenizer.json`` has it.

        ``AutoTokenizer`` would rebuild that of a Qwen2 model as Qwen2's own, which drops unknown characters in silence.
        """
        from transformers import PreTrainedTokenizerFast

        return PreTrainedTokenizerFast.from_pretrained(self.folder, local_files_only=True)
