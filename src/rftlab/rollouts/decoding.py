"""Decoding steps: logits of every row's next token, by the model's forward pass or, on a CPU, by a shorter way.

A step of a small model is hundreds of calls into small kernels. What its classes do around them (attention masks made
anew, keys and values repeated for grouped heads, norms and rotations in many operations) takes longer than the
multiplications. :class:`ShortDecoder` computes the same numbers, up to rounding, from the same modules' weights.
"""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn.functional import rms_norm, silu
from transformers import DynamicCache, LlamaForCausalLM, Olmo2ForCausalLM, PreTrainedModel, Qwen2ForCausalLM

from rftlab.rollouts.cache import PreallocatedLayer

PRE_NORM, POST_NORM = (LlamaForCausalLM, Qwen2ForCausalLM), (Olmo2ForCausalLM,)
FIXED_ROPE = ("default", "linear", "llama3")  # a position's angles do not depend on how many tokens there are


class Decoder(Protocol):
    """Continues the rows of a cache, one token a step."""

    def next(self, token_N: Tensor) -> Tensor:
        """Logits [N, V] after these tokens, one a row; the cache takes them in."""

    def keep(self, rows: Tensor) -> None:
        """Keep these rows [M], in this order."""


def decoder(model: PreTrainedModel, cache: DynamicCache, mask_NT: Tensor, autocast: torch.dtype | None) -> Decoder:
    """The short decoder where it computes what the model does, else the model itself.

    Args:
        model: a causal language model in evaluation mode.
        cache: keys and values of the prompts.
        mask_NT: 1 at the prompts' tokens, 0 at the padding on their left.
        autocast: what matrices are multiplied in; None: the format of the weights.
    """
    short = (
        type(model) in (*PRE_NORM, *POST_NORM)
        and (model.device.type, model.dtype, autocast) == ("cpu", torch.float32, None)
        and model.config.hidden_act == "silu"
        and model.config.rope_parameters["rope_type"] in FIXED_ROPE
        and all(type(layer) is PreallocatedLayer for layer in cache.layers)
    )
    return ShortDecoder(model, cache, mask_NT) if short else ModelDecoder(model, cache, mask_NT)


def forward(
    model: PreTrainedModel, cache: DynamicCache, input_NT: Tensor, mask_NT: Tensor, position_NT: Tensor
) -> Tensor:
    """Logits [N, V] of the token after these, by the model's forward pass; the cache takes them in."""
    output = model(
        input_ids=input_NT,
        attention_mask=mask_NT,
        position_ids=position_NT,
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=1,
    )
    logits_NV: Tensor = output.logits[:, -1]
    return logits_NV


class ModelDecoder:
    """Any architecture, device and format."""

    def __init__(self, model: PreTrainedModel, cache: DynamicCache, mask_NT: Tensor) -> None:
        self.model, self.cache, self.mask_NT = model, cache, mask_NT
        self.position_N = mask_NT.sum(dim=1)

    def next(self, token_N: Tensor) -> Tensor:
        """Logits [N, V] after these tokens."""
        self.mask_NT = torch.cat([self.mask_NT, self.mask_NT.new_ones(len(token_N), 1)], dim=1)
        logits_NV = forward(self.model, self.cache, token_N[:, None], self.mask_NT, self.position_N[:, None])
        self.position_N = self.position_N + 1
        return logits_NV

    def keep(self, rows: Tensor) -> None:
        """Keep these rows [M], in this order."""
        self.cache.batch_select_indices(rows)
        self.mask_NT, self.position_N = self.mask_NT[rows], self.position_N[rows]


class ShortDecoder:
    """Llama, Qwen2 and OLMo-2 in float32 on a CPU.

    Suffixes: H query heads, G heads of keys and values, D their width, T tokens so far. Linear layers are called as the
    modules they are, so that adapters in their place count.
    """

    def __init__(self, model: PreTrainedModel, cache: DynamicCache, mask_NT: Tensor) -> None:
        self.body, self.head, self.cache, config = model.model, model.lm_head, cache, model.config
        self.post_norm = type(model) in POST_NORM
        attention = self.body.layers[0].self_attn
        self.D, self.scaling = attention.head_dim, attention.scaling
        self.H, self.G = config.num_attention_heads, config.num_key_value_heads
        capacity = cache.layers[0].capacity
        (self.cos_TD,), (sin_TD,) = self.body.rotary_emb(self.head.weight, torch.arange(capacity)[None])
        self.sin_TD = torch.cat([-sin_TD[:, : self.D // 2], sin_TD[:, self.D // 2 :]], dim=1)
        self.position_N = mask_NT.sum(dim=1)
        self.bias_NT = torch.zeros(len(mask_NT), capacity)
        self.bias_NT[:, : mask_NT.shape[1]].masked_fill_(mask_NT == 0, -torch.inf)
        self.padded = bool((mask_NT == 0).any())

    def next(self, token_N: Tensor) -> Tensor:
        """Logits [N, V] after these tokens."""
        x_Nh = self.body.embed_tokens(token_N)
        angles = self.cos_TD[self.position_N, None], self.sin_TD[self.position_N, None]
        self.position_N = self.position_N + 1
        for layer, cached in zip(self.body.layers, self.cache.layers, strict=True):
            block = layer.self_attn
            if self.post_norm:
                x_Nh = x_Nh + norm(layer.post_attention_layernorm, self._attention(block, cached, x_Nh, angles))
                x_Nh = x_Nh + norm(layer.post_feedforward_layernorm, gated(layer.mlp, x_Nh))
            else:
                x_Nh = x_Nh + self._attention(block, cached, norm(layer.input_layernorm, x_Nh), angles)
                x_Nh = x_Nh + gated(layer.mlp, norm(layer.post_attention_layernorm, x_Nh))
        logits_NV: Tensor = self.head(norm(self.body.norm, x_Nh))
        return logits_NV

    def keep(self, rows: Tensor) -> None:
        """Keep these rows [M], in this order."""
        self.cache.batch_select_indices(rows)
        self.bias_NT, self.position_N = self.bias_NT[rows], self.position_N[rows]

    def _attention(self, block: Any, cached: PreallocatedLayer, x_Nh: Tensor, angles: tuple[Tensor, Tensor]) -> Tensor:
        """softmax(q·kᵀ·scaling + bias)·v over the cached tokens and the newest; H / G heads share keys and values."""
        N, G, D = len(x_Nh), self.G, self.D
        q_Nd, k_Nd = block.q_proj(x_Nh), block.k_proj(x_Nh)
        if self.post_norm:
            q_Nd, k_Nd = norm(block.q_norm, q_Nd), norm(block.k_norm, k_Nd)
        q_NGRD = self._rotated(q_Nd, *angles).mul_(self.scaling).view(N, G, self.H // G, D)
        k_NG1D = self._rotated(k_Nd, *angles)[:, :, None]
        k_NGTD, v_NGTD = cached.update(k_NG1D, block.v_proj(x_Nh).view(N, G, 1, D))
        score_NGRT = q_NGRD @ k_NGTD.transpose(2, 3)
        if self.padded:
            score_NGRT += self.bias_NT[:, None, None, : score_NGRT.shape[3]]
        y_NGRD = score_NGRT.softmax(dim=-1) @ v_NGTD
        output_Nh: Tensor = block.o_proj(y_NGRD.view(N, self.H * D))
        return output_Nh

    def _rotated(self, x_Nd: Tensor, cos_N1D: Tensor, sin_N1D: Tensor) -> Tensor:
        """Heads [N, ·, D] turned by their position: (x₁ cos − x₂ sin, x₂ cos + x₁ sin), of halves x₁ and x₂."""
        x_NHD = x_Nd.view(len(x_Nd), -1, self.D)
        return torch.addcmul(x_NHD * cos_N1D, x_NHD.roll(self.D // 2, dims=-1), sin_N1D)


def norm(module: Any, x_Nh: Tensor) -> Tensor:
    """x / √(mean(x²) + ε) · weight, over the last axis."""
    return rms_norm(x_Nh, module.weight.shape, module.weight, module.variance_epsilon)


def gated(module: Any, x_Nh: Tensor) -> Tensor:
    """down(silu(gate(x)) · up(x))."""
    output_Nh: Tensor = module.down_proj(silu(module.gate_proj(x_Nh), inplace=True).mul_(module.up_proj(x_Nh)))
    return output_Nh
