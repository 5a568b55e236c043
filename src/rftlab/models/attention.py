"""Attention for decoding on a CPU: grouped queries share their keys and values also where prompts are padded.

With a mask, transformers repeats the keys and values for every query head before each step (its rule is made for
CUDA); torch's CPU kernel needs no copy. Everything but a decoding step on a CPU goes to transformers' own function.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

ATTENTION = "rftlab_sdpa"


def attend(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """softmax(q·kᵀ·scaling + mask)·v; query [N, H, T, D], key and value [N, G, S, D] with G a divisor of H."""
    decodes = query.shape[2] == 1 and query.device.type == "cpu" and not torch.is_grad_enabled()
    if not decodes or attention_mask is None:
        output, _ = sdpa_attention_forward(module, query, key, value, attention_mask, scaling=scaling, **kwargs)
        return output, None
    output = torch.nn.functional.scaled_dot_product_attention(
        query, key, value, attn_mask=attention_mask, scale=scaling, enable_gqa=True
    )
    return output.transpose(1, 2).contiguous(), None


AttentionInterface.register(ATTENTION, attend)
AttentionMaskInterface.register(ATTENTION, sdpa_mask)
