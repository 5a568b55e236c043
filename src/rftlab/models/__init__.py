"""Base models and checkpoints: ordinary Hugging Face directories with safetensors, loaded the same way everywhere."""

from __future__ import annotations

import functools
import importlib
from pathlib import Path
from typing import TYPE_CHECKING

from rftlab.errors import BadInputError
from rftlab.rollouts import TRANSFORMERS, EngineConfig
from rftlab.runlog import file_sha256

if TYPE_CHECKING:  # planning imports this package: torch and transformers load when a model does
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from rftlab.rollouts import Engine

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"  # of weights in several files, as others publish them


class PolicyDirectory:
    """A directory that holds a causal language model and its tokenizer.

    Raises:
        BadInputError: a file is missing; pickled weights are never loaded.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
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
        """The model in float32, in evaluation mode: no dropout, so that sampler and trainer are one policy."""
        import torch
        from transformers import AutoModelForCausalLM

        model = AutoModelForCausalLM.from_pretrained(
            self.folder,
            dtype=torch.float32,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,  # said nothing, transformers asks the terminal
            attn_implementation="sdpa",
        )
        return model.eval().requires_grad_(not frozen)

    def tokenizer(self) -> PreTrainedTokenizerBase:
        """The tokenizer exactly as ``tokenizer.json`` has it.

        ``AutoTokenizer`` would rebuild that of a Qwen2 model as Qwen2's own, which drops unknown characters in silence.
        """
        from transformers import PreTrainedTokenizerFast

        return PreTrainedTokenizerFast.from_pretrained(self.folder, local_files_only=True)

    def engine(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        config: EngineConfig = TRANSFORMERS,
        *,
        autocast: torch.dtype | None = None,
        dtype: torch.dtype | None = None,
    ) -> Engine:
        """An engine that samples from ``model``, in its own precision unless another is given.

        No module is imported but that of the engine ``config`` names.
        """
        from rftlab.prompts import declared_ends, end_tokens, pad_token

        engine: Engine = importlib.import_module(config.module).build(
            model,
            config,
            folder=self.folder,
            end_tokens=end_tokens(tokenizer, *declared_ends(model)),
            pad_token=pad_token(tokenizer),
            autocast=autocast,
            dtype=dtype,
        )
        return engine
