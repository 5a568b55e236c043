"""Tokens on which trainer and sampler disagree are dropped: loss = −sg(w)·A·log π(token) where low ≤ w ≤ high, else 0.

w = π_train/π_sampler of the token. `truncated` bounds such a weight and keeps the token. At w = 1, where trainer and
sampler agree, the gradient is that of `none`.
Source: IcePop, of Ring-1T (arXiv 2510.18855); 0.5 and 5 are the bounds that verl's manual names for it.
Equivalents: verl `rollout_is: token` with `rollout_is_threshold: "0.5_5.0"`; TRL `token_mask` has no lower bound unless
it is set; prime-rl's bounds were 0.125 and 8.
"""

import math

from torch import Tensor

RANGES = {"low": "[0, 1]", "high": "[1, inf)"}


def policy_loss(
    logprobs_NT: Tensor,
    old_logprobs_NT: Tensor,
    mask_NT: Tensor,
    advantages_N: Tensor,
    *,
    low: float = 0.5,
    high: float = 5.0,
) -> Tensor:
    """Return loss_NT, exactly 0, in value and gradient, where the boolean mask is false."""
    log_ratio_NT = (logprobs_NT.detach() - old_logprobs_NT).masked_fill(~mask_NT, 0.0)
    weights_NT = log_ratio_NT.clamp(max=math.log(high)).exp()  # beyond it the token is dropped, whatever the weight
    kept_NT = (weights_NT >= low) & (log_ratio_NT <= math.log(high))
    return (-advantages_N[:, None] * weights_NT * logprobs_NT).masked_fill(~(mask_NT & kept_NT), 0.0)
