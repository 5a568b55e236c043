"""Rollouts by the transformers model itself: batched decoding with a cache, finished rollouts leave the batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache, PreTrainedModel

from rftlab.rollouts import Rollout, Sampling


class TransformersEngine:
    """Samples from ``model`` in place: there is nothing to synchronise.

    Args:
        model: a causal language model; its ``generation_config`` is not read.
        end_tokens: ids that end a response.
        pad_token: id that fills up the left of shorter prompts.
        rows: rollouts decoded side by side.
    """

    def __init__(self, model: PreTrainedModel, *, end_tokens: Sequence[int], pad_token: int, rows: int = 256) -> None:
        self.model, self.end_tokens, self.pad_token, self.rows = model, frozenset(end_tokens), pad_token, rows

    def sync(self, model: PreTrainedModel) -> None:
        """Sample from ``model`` from now on."""
        self.model = model

    def generate(self, prompts: Sequence[Sequence[int]], sampling: Sampling, seeds: Sequence[int]) -> list[Rollout]:
        """Sample one rollout per prompt, in the order of the prompts; see :class:`rftlab.rollouts.Engine`."""
        by_length = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
        rollouts: dict[int, Rollout] = {}
        was_training = self.model.training
        self.model.eval()
        try:
            for first in range(0, len(by_length), self.rows):
                batch = by_length[first : first + self.rows]
                decoded = self._decode([prompts[i] for i in batch], sampling, [seeds[i] for i in batch])
                rollouts |= dict(zip(batch, decoded, strict=True))
        finally:
            self.model.train(was_training)
        return [rollouts[i] for i in range(len(prompts))]

    @torch.inference_mode()
    def _decode(self, prompts: list[Sequence[int]], sampling: Sampling, seeds: list[int]) -> list[Rollout]:
        device = self.model.device
        input_NT, mask_NT = pad_left(prompts, self.pad_token, device)
        position_NT = positions(mask_NT)
        generators = [torch.Generator(device).manual_seed(seed) for seed in seeds]
        tokens: list[list[int]] = [[] for _ in prompts]
        logprobs: list[list[float]] = [[] for _ in prompts]
        finished = [False] * len(prompts)
        live = list(range(len(prompts)))
        cache = DynamicCache(config=self.model.config)
        for _ in range(sampling.max_new_tokens):
            logits_NV = self.model(
                input_ids=input_NT,
                attention_mask=mask_NT,
                position_ids=position_NT,
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            ).logits[:, -1]
            token_N, logprob_N = draw_tokens(logits_NV, sampling, [generators[i] for i in live])
            for i, token, logprob in zip(live, token_N.tolist(), logprob_N.tolist(), strict=True):
                tokens[i].append(token)
                logprobs[i].append(logprob)
                finished[i] = token in self.end_tokens
            keep = [row for row, i in enumerate(live) if not finished[i]]
            if not keep:
                break
            if len(keep) < len(live):
                rows = torch.tensor(keep, device=device)
                cache.batch_select_indices(rows)
                token_N, mask_NT, position_NT = token_N[rows], mask_NT[rows], position_NT[rows]
                live = [live[row] for row in keep]
            input_NT = token_N[:, None]
            mask_NT = torch.cat([mask_NT, mask_NT.new_ones(len(live), 1)], dim=1)
            position_NT = position_NT[:, -1:] + 1
        return [
            Rollout(tuple(prompt), tuple(tokens[i]), tuple(logprobs[i]), truncated=not finished[i])
            for i, prompt in enumerate(prompts)
        ]


def draw_tokens(logits_NV: Tensor, sampling: Sampling, generators: Sequence[torch.Generator]) -> tuple[Tensor, Tensor]:
    """Draw one token per row by the exponential race, argmax_v p_v / e_v with e ~ Exp(1) from the row's own generator.

    P(argmax = v) = p_v, and two policies that are close draw the same token from the same noise nearly as often as any
    coupling can: the difference of two variants is not blurred by different luck. Greedy decoding takes argmax_v p_v.

    Returns:
        Token ids [N], and their log-probabilities [N] under the distribution drawn from (greedy: under the model's).
    """
    logits_NV = logits_NV.float()
    if sampling.greedy:
        token_N = logits_NV.argmax(dim=-1)
        logprobs_NV = logits_NV.log_softmax(dim=-1)
    else:
        logprobs_NV = keep_top_p(logits_NV / sampling.temperature, sampling.top_p).log_softmax(dim=-1)
        race_NV = torch.empty_like(logprobs_NV)
        for row, generator in zip(race_NV, generators, strict=True):
            row.exponential_(generator=generator)
        token_N = (logprobs_NV.exp() / race_NV).argmax(dim=-1)
    return token_N, logprobs_NV.gather(1, token_N[:, None])[:, 0]


def keep_top_p(logits_NV: Tensor, top_p: float) -> Tensor:
    """Set to −∞ all but the smallest set of most likely tokens whose probability reaches ``top_p``."""
    if top_p >= 1.0:
        return logits_NV
    sorted_NV, order_NV = logits_NV.sort(dim=-1, descending=True)
    p_NV = sorted_NV.softmax(dim=-1)
    cut_NV = p_NV.cumsum(dim=-1) - p_NV >= top_p  # the more likely tokens reach top_p without this one
    return logits_NV.masked_fill(cut_NV.scatter(1, order_NV, cut_NV), float("-inf"))


def pad_left(rows: Sequence[Sequence[int]], pad_token: int, device: Any) -> tuple[Tensor, Tensor]:
    """Token ids and attention mask [N, T] of rows of different lengths, aligned at their right end."""
    length = max(len(row) for row in rows)
    ids = [[pad_token] * (length - len(row)) + list(row) for row in rows]
    mask = [[0] * (length - len(row)) + [1] * len(row) for row in rows]
    return torch.tensor(ids, device=device), torch.tensor(mask, device=device)


def positions(mask_NT: Tensor) -> Tensor:
    """Position of each token in its own row, 0 for padding on the left."""
    return (mask_NT.cumsum(dim=1) - 1).clamp(min=0)
