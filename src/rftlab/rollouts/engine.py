"""The engine a study asks for, and the texts of what it sampled."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from rftlab.policies.directory import PolicyDirectory
from rftlab.policies.prompts import declared_ends, end_tokens, pad_token
from rftlab.rollouts import TRANSFORMERS, Engine, EngineConfig, Rollout

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def engine_of(
    directory: PolicyDirectory,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    config: EngineConfig = TRANSFORMERS,
    *,
    autocast: torch.dtype | None = None,
    dtype: torch.dtype | None = None,
) -> Engine:
    """An engine that samples from ``model``, in its own precision unless another is given.

    No module is imported but that of the engine ``config`` names.

    Args:
        directory: where the model was loaded from.
        model: what is sampled from.
        tokenizer: its end token and those that the model's files declare end a response.
        config: which engine, and with how much memory.
        autocast: what matrices are multiplied in; None: the format of the weights.
        dtype: format of a copy of the weights to sample from; None: ``model`` itself is sampled from.
    """
    engine: Engine = importlib.import_module(config.module).build(
        model,
        config,
        folder=directory.folder,
        end_tokens=end_tokens(tokenizer, *declared_ends(model)),
        pad_token=pad_token(tokenizer),
        autocast=autocast,
        dtype=dtype,
        decode=partial(text, tokenizer),
    )
    return engine


def responses(tokenizer: PreTrainedTokenizerBase, rollouts: Sequence[Rollout]) -> list[str]:
    """Text of each rollout's response, without special tokens."""
    return [text(tokenizer, rollout.tokens) for rollout in rollouts]


def text(tokenizer: PreTrainedTokenizerBase, tokens: Sequence[int]) -> str:
    """Text of some tokens, without special ones."""
    return str(tokenizer.decode(tokens, skip_special_tokens=True))
