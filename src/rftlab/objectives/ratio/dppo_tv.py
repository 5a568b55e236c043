"""A trust region in probabilities: loss = −1[inside]·sg(min(ρ, cap))·A·log π, inside where |π − π_old| is small.

A token is silenced where π − π_old > δ_high with A > 0, or π_old − π > δ_low otherwise: where it has moved further than
δ in the direction in which its advantage pushes. |π − π_old| of the sampled token is the total variation between the
two policies when all other tokens are taken as one. Unlike a clip of ρ it lets rare tokens move freely and holds likely
ones. At ρ = 1 the gradient is that of `none`.
Source: DPPO, Binary-TV (arXiv 2602.04879), cap 20 as in verl; δ = 0.2 is prime-rl's.
Equivalents: verl `loss_mode: dppo_tv`; prime-rl's mask `ipo_mask_low`, `ipo_mask_high`, without its KL term.
"""

import math

import torch
from torch import Tensor

RANGES = {"delta_low": "[0, 1]", "delta_high": "[0, 1]", "cap": "(0, inf)"}


def policy_loss(
    logprobs_NT: Tensor,
    old_logprobs_NT: Tensor,
    mask_NT: Tensor,
    advantages_N: Tensor,
    *,
    delta_low: float = 0.2,
    delta_high: float = 0.2,
    cap: float = 20.0,
) -> Tensor:
    """Return loss_NT, exactly 0, in value and gradient, where the boolean mask is false."""
    fixed_NT, advantages_N1 = logprobs_NT.detach(), advantages_N[:, None]
    moved_NT = fixed_NT.exp() - old_logprobs_NT.exp()
    inside_NT = torch.where(advantages_N1 > 0, moved_NT <= delta_high, moved_NT >= -delta_low)
    log_ratio_NT = (fixed_NT - old_logprobs_NT).masked_fill(~mask_NT, 0.0)
    weights_NT = log_ratio_NT.clamp(max=math.log(cap)).exp()
    return (-advantages_N1 * weights_NT * logprobs_NT).masked_fill(~(mask_NT & inside_NT), 0.0)
