"""Log-probabilities of sampled responses under a model: the forward pass that training differentiates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint
from transformers import PreTrainedModel

from rftlab.rollouts import Rollout
from rftlab.rollouts.padding import pad_left, positions

LOGITS = 2**25  # computed at once; of more, none are kept, and the backward pass computes them again
PADDING = 0.1  # of a micro-batch, at most
SPARE = 1024  # tokens of padding in a round that are less than another pass costs


def of_token(logprobs_V: Tensor, tokens: Tensor) -> Tensor:
    """log π of one token per distribution [..., V] → [..., 1]."""
    return logprobs_V.gather(-1, tokens[..., None])


def of_token_and_entropy(logprobs_V: Tensor, tokens: Tensor) -> Tensor:
    """log π of one token per distribution, and the distribution's entropy −Σ π·log π in nats: [..., V] → [..., 2]."""
    entropies = -(logprobs_V.exp() * logprobs_V).sum(dim=-1, keepdim=True)
    return torch.cat([of_token(logprobs_V, tokens), entropies], dim=-1)


def response_logprobs(
    model: PreTrainedModel,
    rollouts: Sequence[Rollout],
    *,
    pad_token: int,
    temperature: float,
    aligned: bool = True,
    body: Any = None,
) -> tuple[Tensor, Tensor]:
    """log π(token | what came before) of every response token, at the sampling temperature.

    Returns:
        logprobs_NT, exactly 0 where padded, and the boolean mask_NT of response tokens; T is the longest response.
    """
    values_NT1, mask_NT = response_values(
        model, rollouts, read=of_token, pad_token=pad_token, temperature=temperature, aligned=aligned, body=body
    )
    return values_NT1[:, :, 0], mask_NT


def response_values(
    model: PreTrainedModel,
    rollouts: Sequence[Rollout],
    *,
    read: Callable[[Tensor, Tensor], Tensor],
    pad_token: int,
    temperature: float,
    aligned: bool = True,
    body: Any = None,
) -> tuple[Tensor, Tensor]:
    """What ``read`` makes of the distribution that every response token was drawn from, at the sampling temperature.

    Logits are computed for response tokens only.

    Args:
        model: a causal language model.
        rollouts: at least one.
        read: from log-probabilities of the whole vocabulary and the token drawn, [..., V] and [...], to numbers
            [..., K]; it is given a part of the tokens at a time, so that the vocabulary does not set the peak.
        pad_token: id that fills up shorter rows.
        temperature: of the sampling.
        aligned: prompts are padded on the left and responses on the right, so that responses share their columns.
            Otherwise a response follows its prompt at once and all padding comes last: what is masked is then nothing
            but the future, for which attention has its fastest kernels.
        body: what computes the hidden states instead of ``model.base_model``, a compiled form of it for instance.

    Returns:
        values_NTK, exactly 0 where padded, and the boolean mask_NT of response tokens; T is the longest response.
    """
    device = model.device
    body = model.base_model if body is None else body
    response_T = max(len(r.tokens) for r in rollouts)
    response_NT = fill_right([r.tokens for r in rollouts], response_T, pad_token, device)
    mask_NT = fill_right([[True] * len(r.tokens) for r in rollouts], response_T, False, device)
    if aligned:
        prompt_NT, prompt_mask_NT = pad_left([r.prompt for r in rollouts], pad_token, device)
        attention_NT = torch.cat([prompt_mask_NT, mask_NT], dim=1)
        hidden_NTD = body(
            input_ids=torch.cat([prompt_NT, response_NT], dim=1),
            attention_mask=attention_NT,
            position_ids=positions(attention_NT),
            use_cache=False,
        ).last_hidden_state[:, -response_T - 1 :]  # the last prompt token predicts the first response token
        if len(rollouts) * (response_T + 1) * vocabulary(model) <= LOGITS:
            logprobs_NTV = log_softmax(model, hidden_NTD, temperature)[:, :-1]
            return read(logprobs_NTV, response_NT).masked_fill(~mask_NT[:, :, None], 0.0), mask_NT
        hidden_CD = hidden_NTD[:, :-1].flatten(0, 1)[mask_NT.flatten().nonzero()[:, 0]]
    else:
        rows = [[*r.prompt, *r.tokens] for r in rollouts]
        width = max(map(len, rows))
        hidden_NTD = body(input_ids=fill_right(rows, width, pad_token, device), use_cache=False).last_hidden_state
        starts = [i * width + len(r.prompt) - 1 for i, r in enumerate(rollouts)]
        columns = [start + t for start, r in zip(starts, rollouts, strict=True) for t in range(len(r.tokens))]
        hidden_CD = hidden_NTD.flatten(0, 1)[torch.tensor(columns, device=device)]
    values_CK = token_values(model, hidden_CD, response_NT[mask_NT], temperature, read)
    values_NTK = torch.zeros(*mask_NT.shape, values_CK.shape[1], device=device)
    return values_NTK.masked_scatter(mask_NT[:, :, None], values_CK), mask_NT


@torch.no_grad()
def has_plain_head(model: PreTrainedModel) -> bool:
    """Whether logits are the output layer's, as they are taken here: some architectures scale or cap them after it."""
    ids_1T = torch.arange(4, device=model.device)[None]
    hidden_1TD = model.base_model(input_ids=ids_1T, use_cache=False).last_hidden_state
    logits_1TV = model(input_ids=ids_1T, use_cache=False).logits
    return torch.equal(model.get_output_embeddings()(hidden_1TD), logits_1TV)


def vocabulary(model: PreTrainedModel) -> int:
    """Logits per token; some models have more than their tokenizer has tokens."""
    return int(model.get_output_embeddings().out_features)


def log_softmax(model: PreTrainedModel, hidden: Tensor, temperature: float) -> Tensor:
    """log π of every token of the vocabulary, from the last hidden states."""
    logits: Tensor = model.get_output_embeddings()(hidden).float()
    return (logits if temperature == 1.0 else logits / temperature).log_softmax(dim=-1)


def token_values(
    model: PreTrainedModel,
    hidden_CD: Tensor,
    tokens_C: Tensor,
    temperature: float,
    read: Callable[[Tensor, Tensor], Tensor],
) -> Tensor:
    """values_CK of one token per hidden state, from ``LOGITS`` logits at a time; the backward pass repeats them."""

    def part(hidden_cD: Tensor, tokens_c: Tensor) -> Tensor:
        return read(log_softmax(model, hidden_cD, temperature), tokens_c)

    size = max(1, LOGITS // vocabulary(model))
    parts = zip(torch.split(hidden_CD, size), torch.split(tokens_C, size), strict=True)
    return torch.cat([checkpoint(part, *both, use_reentrant=False, preserve_rng_state=False) for both in parts])


def sampler_logprobs(rollouts: Sequence[Rollout], device: torch.device) -> Tensor:
    """The sampler's own log-probabilities [N, T] of the response tokens, 0 where padded."""
    return fill_right([r.logprobs for r in rollouts], max(len(r.tokens) for r in rollouts), 0.0, device)


def fill_right(rows: Sequence[Sequence[float]], length: int, filler: float, device: torch.device) -> Tensor:
    """Rows of different lengths as one tensor [N, length], filled up on the right."""
    return torch.tensor([[*row, *[filler] * (length - len(row))] for row in rows], device=device)


def micro_batches(rollouts: Sequence[Rollout], token_budget: int) -> list[list[int]]:
    """Indices of rollouts in batches of at most ``token_budget`` tokens, padding included; alike lengths go together.

    A rollout longer than the budget makes a batch of its own. The rollouts of a batch are aligned.
    """
    batches: list[list[int]] = []
    prompt = response = 0
    for i in sorted(range(len(rollouts)), key=lambda i: (len(rollouts[i].tokens), len(rollouts[i].prompt))):
        wider = max(prompt, len(rollouts[i].prompt)), max(response, len(rollouts[i].tokens))
        if batches and sum(wider) * (len(batches[-1]) + 1) <= token_budget:
            batches[-1].append(i)
            prompt, response = wider
        else:
            batches.append([i])
            prompt, response = len(rollouts[i].prompt), len(rollouts[i].tokens)
    return batches


def dense_batches(rollouts: Sequence[Rollout], token_budget: int) -> list[list[int]]:
    """The same for rollouts that are not aligned, and no more than a share ``PADDING`` of any batch is padding."""
    batches: list[list[int]] = []
    tokens = 0  # of the last batch
    for i, length in sorted(enumerate(map(length_of, rollouts)), key=lambda pair: pair[1]):
        size = length * (len(batches[-1]) + 1) if batches else 0
        if batches and size <= token_budget and tokens + length >= (1 - PADDING) * size:
            batches[-1].append(i)
        else:
            batches.append([i])
            tokens = 0
        tokens += length
    return batches


def wastes_little(rollouts: Sequence[Rollout], batches: Sequence[Sequence[int]]) -> bool:
    """Whether aligned batches have so little padding that nothing is gained by cutting them otherwise."""
    size = sum(
        len(batch) * (max(len(rollouts[i].prompt) for i in batch) + max(len(rollouts[i].tokens) for i in batch))
        for batch in batches
    )
    return size - sum(map(length_of, rollouts)) <= max(SPARE, PADDING * size)


def length_of(rollout: Rollout) -> int:
    """Tokens of prompt and response."""
    return len(rollout.prompt) + len(rollout.tokens)
