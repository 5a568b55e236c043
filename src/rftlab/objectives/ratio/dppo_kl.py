"""A trust region in KL: loss = −1[inside]·sg(min(ρ, cap))·A·log π, inside where KL(π_old‖π) of two outcomes is small.

The two outcomes are the sampled token and any other: KL = p·log(p/q) + (1 − p)·log((1 − p)/(1 − q)), p = π_old and
q = π. A token is silenced where the KL exceeds δ_high with A > 0 and q > p, or δ_low with A ≤ 0 and q < p: where its
advantage would push it still further. At ρ = 1 the gradient is that of `none`.
Source: DPPO, Binary-KL (arXiv 2602.04879), cap 20 as in verl; δ = 0.05 is our choice.
Equivalents: verl `loss_mode: dppo_kl`, which adds 1e-8 to 1 − p and 1 − q, where here they are held at 1e-8 or more.
"""

import math

import torch
from torch import Tensor

RANGES = {"delta_low": "[0, inf)", "delta_high": "[0, inf)", "cap": "(0, inf)"}
LEAST = 1e-8  # of the other tokens' probability: of a certain token it is 0


def policy_loss(
    logprobs_NT: Tensor,
    old_logprobs_NT: Tensor,
    mask_NT: Tensor,
    advantages_N: Tensor,
    *,
    delta_low: float = 0.05,
    delta_high: float = 0.05,
    cap: float = 20.0,
) -> Tensor:
    """Return loss_NT, exactly 0, in value and gradient, where the boolean mask is false."""
    fixed_NT, advantages_N1 = logprobs_NT.detach(), advantages_N[:, None]
    log_ratio_NT = (fixed_NT - old_logprobs_NT).masked_fill(~mask_NT, 0.0)
    old_NT = old_logprobs_NT.exp()
    others_NT = (-torch.expm1(fixed_NT)).clamp(min=LEAST)
    old_others_NT = (-torch.expm1(old_logprobs_NT)).clamp(min=LEAST)
    kl_NT = -old_NT * log_ratio_NT + old_others_NT * (old_others_NT.log() - others_NT.log())
    inside_NT = torch.where(
        advantages_N1 > 0,
        (kl_NT <= delta_high) | (log_ratio_NT <= 0),
        (kl_NT <= delta_low) | (log_ratio_NT >= 0),
    )
    weights_NT = log_ratio_NT.clamp(max=math.log(cap)).exp()
    return (-advantages_N1 * weights_NT * logprobs_NT).masked_fill(~(mask_NT & inside_NT), 0.0)
