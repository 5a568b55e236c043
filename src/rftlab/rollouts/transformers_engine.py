"""Rollouts by the transformers model itself: batched decoding with a cache, finished rollouts leave the batch."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import DynamicCache, PreTrainedModel

from rftlab.policies.lora import merged
from rftlab.rollouts import EngineConfig, Rollout, Sampling
from rftlab.rollouts.cache import cache_bytes, preallocated_cache
from rftlab.rollouts.decoding import decoder, forward
from rftlab.rollouts.padding import pad_left, positions
from rftlab.rollouts.stops import Decode, stopped

SHARED = 8  # tokens, such as a chat template's first; fewer are not run through the model apart
COMPACT = 1 / 16  # finished rollouts leave the batch when they are this share of it: leaving copies the cache


def build(model: PreTrainedModel, config: EngineConfig, *, folder: Any, **options: Any) -> TransformersEngine:
    """The engine as a study configures it; it needs no directory."""
    del folder
    return TransformersEngine(model, rows=config.rows, cache_gib=config.cache_gib, **options)


class TransformersEngine:
    """Samples from ``model`` in place, where there is nothing to synchronise, or from a copy in another format.

    Args:
        model: a causal language model; its ``generation_config`` is not read.
        end_tokens: ids that end a response.
        pad_token: id that fills up the left of shorter prompts.
        rows: rollouts decoded side by side, at most.
        cache_gib: memory for keys and values, in GiB; fewer rows are decoded side by side where they would not fit.
        autocast: what matrices are multiplied in; None: the format of the weights.
        dtype: format of a copy of the weights to sample from; None: ``model`` itself is sampled from.
        decode: text of tokens, for stop strings; None: none can be asked for.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        *,
        end_tokens: Sequence[int],
        pad_token: int,
        rows: int = 256,
        cache_gib: float = 2.0,
        autocast: torch.dtype | None = None,
        dtype: torch.dtype | None = None,
        decode: Decode | None = None,
    ) -> None:
        self.decode = decode
        self.pad_token, self.rows, self.cache_gib = pad_token, rows, cache_gib
        self.autocast, self.dtype = autocast, dtype
        self.model = model if dtype is None else copy.deepcopy(merged(model)).to(dtype).requires_grad_(False)
        self.end_tokens = torch.tensor(sorted(set(end_tokens)), device=model.device)

    def sync(self, model: PreTrainedModel) -> None:
        """Sample from ``model``, or a new copy of its weights, from now on."""
        if self.dtype is None:
            self.model = model
        else:
            self.model.load_state_dict(merged(model).state_dict())

    def generate(self, prompts: Sequence[Sequence[int]], sampling: Sampling, seeds: Sequence[int]) -> list[Rollout]:
        """Sample one rollout per prompt, in the order of the prompts; see :class:`rftlab.rollouts.Engine`."""
        # by length, equal prompts next to one another
        order = sorted(range(len(prompts)), key=lambda i: (len(prompts[i]), prompts[i]))
        rollouts: dict[int, Rollout] = {}
        was_training = self.model.training
        self.model.eval()
        try:
            for batch in self._batches(order, prompts, sampling.max_new_tokens):
                with torch.autocast(self.model.device.type, self.autocast, enabled=self.autocast is not None):
                    batch_rollouts = self._decode([prompts[i] for i in batch], sampling, [seeds[i] for i in batch])
                rollouts |= dict(zip(batch, batch_rollouts, strict=True))
        finally:
            self.model.train(was_training)
        return [rollouts[i] for i in range(len(prompts))]

    def _batches(self, order: list[int], prompts: Sequence[Sequence[int]], new_tokens: int) -> Iterator[list[int]]:
        """Batches of as even a size as the limits on rows and memory allow."""
        if not order:
            return
        row_bytes = cache_bytes(self.model.config, self.model.dtype) * (len(prompts[order[-1]]) + new_tokens)
        rows = max(1, min(self.rows, int(self.cache_gib * 2**30 / row_bytes)))
        for part in np.array_split(order, -(-len(order) // rows)):
            yield part.tolist()

    @torch.inference_mode()
    def _decode(self, prompts: list[Sequence[int]], sampling: Sampling, seeds: list[int]) -> list[Rollout]:
        N, limit, device = len(prompts), sampling.max_new_tokens, self.model.device
        cache = preallocated_cache(self.model.config, max(map(len, prompts)) + limit)
        logits_NV, mask_NT = self._prefill(prompts, cache)
        steps = decoder(self.model, cache, mask_NT, self.autocast)
        generators = [torch.Generator(device).manual_seed(seed) for seed in seeds]
        tokens_NT = torch.full((N, limit), self.pad_token, device=device)
        logprobs_NT = torch.zeros(N, limit, device=device)
        length_N = torch.full((N,), limit + 1, device=device)  # of the response, its end token included; none yet
        live = torch.arange(N, device=device)
        ended_N = torch.zeros(N, dtype=torch.bool, device=device)
        for t in range(limit):
            token_N, logprob_N = draw_tokens(logits_NV, sampling, [generators[i] for i in live.tolist()])
            tokens_NT[live, t], logprobs_NT[live, t] = token_N, logprob_N
            ended_N |= torch.isin(token_N, self.end_tokens)
            if sampling.stop:
                ended_N |= self._stopped(tokens_NT[live, : t + 1], sampling.stop)
            length_N[live[ended_N]] = length_N[live[ended_N]].clamp(max=t + 1)
            going = (~ended_N).nonzero()[:, 0]
            if t + 1 == limit or not len(going):
                break
            if len(going) <= len(live) * (1 - COMPACT):
                steps.keep(going)
                token_N, live, ended_N = token_N[going], live[going], ended_N[going]
            logits_NV = steps.next(token_N)
        return [
            Rollout(tuple(prompt), tuple(tokens[:length]), tuple(logprobs[:length]), length > limit)
            for prompt, tokens, logprobs, length in zip(
                prompts, tokens_NT.tolist(), logprobs_NT.tolist(), length_N.tolist(), strict=True
            )
        ]

    def _stopped(self, tokens_NT: Tensor, stop: Sequence[str]) -> Tensor:
        """Which rows hold a stop string."""
        assert self.decode is not None, "stop strings need a tokenizer"
        return torch.tensor([stopped(row, stop, self.decode) for row in tokens_NT.tolist()], device=tokens_NT.device)

    def _prefill(self, prompts: Sequence[Sequence[int]], cache: DynamicCache) -> tuple[Tensor, Tensor]:
        """Run every distinct prompt through the model once, and what all of them begin with once for all.

        Returns:
            Logits [N, V] of the first response token, and the attention mask [N, T] of the prompts.
        """
        device = self.model.device
        distinct = list(dict.fromkeys(map(tuple, prompts)))
        shared = common_prefix(distinct)
        if shared:
            first_1T = torch.tensor([distinct[0][:shared]], device=device)
            mask_1T = torch.ones_like(first_1T)
            forward(self.model, cache, first_1T, mask_1T, positions(mask_1T))
            cache.batch_select_indices(torch.zeros(len(distinct), dtype=torch.long, device=device))
        input_NT, rest_NT = pad_left([prompt[shared:] for prompt in distinct], self.pad_token, device)
        mask_NT = torch.cat([rest_NT.new_ones(len(distinct), shared), rest_NT], dim=1)
        logits_NV = forward(self.model, cache, input_NT, mask_NT, positions(mask_NT)[:, shared:])
        if len(distinct) < len(prompts):
            row_of = {prompt: row for row, prompt in enumerate(distinct)}
            row_N = torch.tensor([row_of[tuple(prompt)] for prompt in prompts], device=device)
            cache.batch_select_indices(row_N)
            logits_NV, mask_NT = logits_NV[row_N], mask_NT[row_N]
        return logits_NV, mask_NT


def common_prefix(prompts: Sequence[Sequence[int]]) -> int:
    """Tokens that all of several prompts begin with, 0 where they are too few; each prompt has one more at least."""
    if len(prompts) == 1:
        return 0
    shortest = min(map(len, prompts)) - 1
    shared = next((t for t in range(shortest) if len({prompt[t] for prompt in prompts}) > 1), shortest)
    return shared if shared >= SHARED else 0


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
