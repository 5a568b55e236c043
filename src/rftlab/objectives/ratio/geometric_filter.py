"""Responses whose mean disagreement is large are dropped: loss = −sg(w_t)·A·log π where low ≤ g ≤ high, else 0.

g = exp(mean_t log w) is the geometric mean of the tokens' w = π_train/π_sampler: unlike the product in `sequence_mask`
it does not grow with the length. What is kept has each token's own weight. At w = 1 the gradient is that of `none`.
Source: geometric rejection ("When speed kills stability", Liu et al. 2025); 0.99 and 1.01 are our choice.
Equivalents: verl `rollout_is: token` with `rollout_rs: seq_mean_k1`, which bounds the tokens' weights as well;
prime-rl's `geo_mask_low` and `geo_mask_high` (0.1 and 10).
"""

import math

from torch import Tensor

RANGES = {"low": "(0, 1]", "high": "[1, inf)"}


def policy_loss(
    logprobs_NT: Tensor,
    old_logprobs_NT: Tensor,
    mask_NT: Tensor,
    advantages_N: Tensor,
    *,
    low: float = 0.99,
    high: float = 1.01,
) -> Tensor:
    """Return loss_NT, exactly 0, in value and gradient, where the boolean mask is false; every row has a token."""
    log_ratio_NT = (logprobs_NT.detach() - old_logprobs_NT).masked_fill(~mask_NT, 0.0)
    means_N1 = log_ratio_NT.sum(dim=1, keepdim=True) / mask_NT.sum(dim=1, keepdim=True)
    kept_N1 = (means_N1 >= math.log(low)) & (means_N1 <= math.log(high))
    log_ratio_NT = log_ratio_NT.masked_fill(~kept_N1, 0.0)  # of what is dropped no weight may overflow
    return (-advantages_N[:, None] * log_ratio_NT.exp() * logprobs_NT).masked_fill(~(mask_NT & kept_N1), 0.0)
