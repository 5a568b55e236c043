"""Responses on which trainer and sampler disagree are dropped: loss = −sg(w)·A·log π where low ≤ w ≤ high, else 0.

w = Π_t π_train/π_sampler, one weight for all tokens of a response; `truncated` with ``sequence`` bounds it and keeps
the response. Long responses are dropped first, since w multiplies over their tokens. At w = 1 the gradient is that of
`none`.
Source: masked importance sampling of sequences ("When speed kills stability", Liu et al. 2025); 3 is TRL's bound.
Equivalents: TRL `vllm_importance_sampling_mode: sequence_mask`, its default; verl `rollout_is: sequence` with
`rollout_rs: seq_sum_k1`.
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
    low: float = 0.0,
    high: float = 3.0,
) -> Tensor:
    """Return loss_NT, exactly 0, in value and gradient, where the boolean mask is false."""
    log_w_N1 = (logprobs_NT.detach() - old_logprobs_NT).masked_fill(~mask_NT, 0.0).sum(dim=1, keepdim=True)
    weights_N1 = log_w_N1.clamp(max=math.log(high)).exp()  # beyond it the response is dropped, whatever the weight
    kept_N1 = (weights_N1 >= low) & (log_w_N1 <= math.log(high))
    return (-advantages_N[:, None] * weights_N1 * logprobs_NT).masked_fill(~(mask_NT & kept_N1), 0.0)
