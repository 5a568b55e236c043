"""Truncated importance weights for a sampler that is not quite the trainer: loss = −sg(min(w, cap))·A·log π(token).

w = π_train/π_sampler of the token, or, with ``sequence``, of the whole response: Π_t of it, one weight for all its
tokens. Whole responses correct the bias fully and are noisy; tokens correct less and are calm. At w = 1, where trainer
and sampler agree, the gradient is that of `none`.
Source: truncated importance sampling (Yao et al. 2025, "Your efficient RL framework secretly brings you off-policy RL
training"; Ionides 2008); cap 2 is the default of verl and was TRL's.
Equivalents: TRL `vllm_importance_sampling_mode: token_truncate` or `sequence_truncate`; verl `rollout_is: token` or
`sequence`.
"""

import math

from torch import Tensor

RANGES = {"cap": "(0, inf)"}


def policy_loss(
    logprobs_NT: Tensor,
    old_logprobs_NT: Tensor,
    mask_NT: Tensor,
    advantages_N: Tensor,
    *,
    cap: float = 2.0,
    sequence: bool = False,
) -> Tensor:
    """Return loss_NT, exactly 0, in value and gradient, where the boolean mask is false.

    Raises:
        ValueError: the cap is not positive.
    """
    if not cap > 0.0:
        raise ValueError(f"truncated needs cap > 0, got {cap}")
    log_ratio_NT = (logprobs_NT.detach() - old_logprobs_NT).masked_fill(~mask_NT, 0.0)
    if sequence:
        log_ratio_NT = log_ratio_NT.sum(dim=1, keepdim=True)
    weights_NT = log_ratio_NT.clamp(max=math.log(cap)).exp()
    return (-advantages_N[:, None] * weights_NT * logprobs_NT).masked_fill(~mask_NT, 0.0)
