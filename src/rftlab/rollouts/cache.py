"""Keys and values of the tokens so far, in memory laid out once: a step writes one column and copies nothing."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache, PreTrainedConfig
from transformers.cache_utils import DynamicLayer


class PreallocatedLayer(DynamicLayer):  # type: ignore[misc]
    """Keys and values [N, heads, T, head_dim] of one layer: views of the first T columns of ``capacity``."""

    def __init__(self, capacity: int) -> None:
        super().__init__()
        self.capacity = capacity

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        """Lay the memory out as the first keys and values ask for it."""
        super().lazy_initialization(key_states, value_states)
        self.key_memory, self.value_memory = (
            states.new_empty(*states.shape[:2], self.capacity, states.shape[3]) for states in (key_states, value_states)
        )

    def update(self, key_states: Tensor, value_states: Tensor, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
        """Append the states of the newest tokens; return those of all."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        start = self.get_seq_length()
        end = start + key_states.shape[2]
        if end > self.capacity:
            raise ValueError(f"{end} tokens do not fit into a cache of {self.capacity}")
        self.key_memory[:, :, start:end], self.value_memory[:, :, start:end] = key_states, value_states
        self.keys, self.values = self.key_memory[:, :, :end], self.value_memory[:, :, :end]
        return self.keys, self.values

    def batch_select_indices(self, indices: Tensor) -> None:
        """Keep these rows, in this order; a row may be taken several times."""
        length = self.get_seq_length()
        self.key_memory, self.value_memory = (
            select_rows(memory, indices, length) for memory in (self.key_memory, self.value_memory)
        )
        self.keys, self.values = self.key_memory[:, :, :length], self.value_memory[:, :, :length]


def select_rows(memory: Tensor, indices: Tensor, length: int) -> Tensor:
    """Select rows ``indices`` of the first ``length`` columns, in the same memory where it has room for them."""
    rows = memory[indices, :, :length]
    target = memory[: len(rows)] if len(rows) <= len(memory) else memory.new_empty(len(rows), *memory.shape[1:])
    target[:, :, :length] = rows
    return target


def preallocated_cache(config: PreTrainedConfig, capacity: int) -> DynamicCache:
    """A cache for ``capacity`` tokens a row; layers with a window of their own stay as transformers makes them."""
    cache = DynamicCache(config=config)
    cache.layers = [PreallocatedLayer(capacity) if type(layer) is DynamicLayer else layer for layer in cache.layers]
    return cache


def cache_bytes(config: PreTrainedConfig, dtype: torch.dtype) -> int:
    """Bytes of keys and values that one token takes, over all layers."""
    text = config.get_text_config()
    heads = getattr(text, "num_key_value_heads", None) or text.num_attention_heads
    head_dim = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    return int(2 * text.num_hidden_layers * heads * head_dim * dtype.itemsize)
