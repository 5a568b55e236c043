"""Log-probabilities of sampled responses under a model: the forward pass that training differentiates."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import PreTrainedModel

from rftlab.rollouts import Rollout
from rftlab.rollouts.padding import pad_left, positions


def response_logprobs(
    model: PreTrainedModel, rollouts: Sequence[Rollout], *, pad_token: int, temperature: float
) -> tuple[Tensor, Tensor]:
    """log π(token | what came before) of every response token, at the sampling temperature.

    Prompts are padded on the left and responses on the right, so that responses share their columns and the model
    computes logits for these columns only.

    Returns:
        logprobs_NT, exactly 0 where padded, and the boolean mask_NT of response tokens; T is the longest response.
    """
    response_T = max(len(r.tokens) for r in rollouts)
    prompt_NT, prompt_mask_NT = pad_left([r.prompt for r in rollouts], pad_token, model.device)
    response_NT = fill_right([r.tokens for r in rollouts], response_T, pad_token, model.device)
    mask_NT = fill_right([[True] * len(r.tokens) for r in rollouts], response_T, False, model.device)
    attention_NT = torch.cat([prompt_mask_NT, mask_NT], dim=1)
    logits_NTV = model(
        input_ids=torch.cat([prompt_NT, response_NT], dim=1),
        attention_mask=attention_NT,
        position_ids=positions(attention_NT),
        use_cache=False,
        logits_to_keep=response_T + 1,  # the last prompt token predicts the first response token
    ).logits[:, :-1]
    logprobs_NTV = (logits_NTV.float() / temperature).log_softmax(dim=-1)
    logprobs_NT = logprobs_NTV.gather(2, response_NT[:, :, None])[:, :, 0]
    return logprobs_NT.masked_fill(~mask_NT, 0.0), mask_NT


@torch.inference_mode()
def mean_kl(
    policy: PreTrainedModel,
    base: PreTrainedModel,
    rollouts: Sequence[Rollout],
    *,
    pad_token: int,
    temperature: float,
    token_budget: int,
) -> float:
    """KL(policy ‖ base) per response token, estimated on rollouts of the policy.

    The mean over all response tokens of exp(d) − d − 1 with d = log π_base − log π: never negative and unbiased
    (the k3 estimator, J. Schulman, "Approximating KL Divergence", 2020). Both are taken at the sampling temperature;
    rollouts cut by top_p are not the policy's, and the estimate is biased.
    """
    total, tokens = 0.0, 0
    for batch in micro_batches(rollouts, token_budget):
        some = [rollouts[i] for i in batch]
        policy_NT, mask_NT = response_logprobs(policy, some, pad_token=pad_token, temperature=temperature)
        base_NT, _ = response_logprobs(base, some, pad_token=pad_token, temperature=temperature)
        difference_NT = (base_NT - policy_NT).double()
        total += float(((difference_NT.expm1() - difference_NT) * mask_NT).sum())
        tokens += int(mask_NT.sum())
    return total / tokens


def sampler_logprobs(rollouts: Sequence[Rollout], device: torch.device) -> Tensor:
    """The sampler's own log-probabilities [N, T] of the response tokens, 0 where padded."""
    return fill_right([r.logprobs for r in rollouts], max(len(r.tokens) for r in rollouts), 0.0, device)


def micro_batches(rollouts: Sequence[Rollout], token_budget: int) -> list[list[int]]:
    """Indices of rollouts in batches of at most ``token_budget`` tokens, padding included; alike lengths go together.

    A rollout longer than the budget makes a batch of its own.
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


def fill_right(rows: Sequence[Sequence[float]], length: int, filler: float, device: torch.device) -> Tensor:
    """Rows of different lengths as one tensor [N, length], filled up on the right."""
    return torch.tensor([[*row, *[filler] * (length - len(row))] for row in rows], device=device)
