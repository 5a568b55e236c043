"""The clipped ratio, bounded for failures too: loss = min(max(−ρA, −clip(ρ)A), −c·A) where A < 0, with c > 1.

A token the trained policy likes much better than the one that sampled it, in a bad response, weighs c·|A| at most, and
beyond that has no gradient; `clip` would let it weigh ρ·|A|. Nothing else differs from `clip`; at ρ = 1 the gradient is
that of `none`.
Source: dual-clip PPO (arXiv 1912.09729); c = 3 is verl's default, which applies it unasked.
Equivalents: TRL `delta`; verl `loss_mode: vanilla` with `clip_ratio_c`.
"""

import math

import torch
from torch import Tensor

RANGES = {"epsilon_low": "[0, 1)", "epsilon_high": "[0, inf)", "c": "(1, inf)"}
OLD_POLICY = "trainer"  # a clip is about how far an update moves the policy, not about the sampler's rounding


def policy_loss(
    logprobs_NT: Tensor,
    old_logprobs_NT: Tensor,
    mask_NT: Tensor,
    advantages_N: Tensor,
    *,
    epsilon_low: float = 0.2,
    epsilon_high: float = 0.2,
    c: float = 3.0,
) -> Tensor:
    """Return loss_NT, exactly 0, in value and gradient, where the boolean mask is false.

    It is −A·min(ρ, 1 + ε_high) for A ≥ 0 and −A·min(max(ρ, 1 − ε_low), c) for A < 0, with the bounds put on log ρ: a
    ratio that overflows is clipped before exp.

    Raises:
        ValueError: an ε is negative, ε_low is not below 1, or c is not above 1.
    """
    if not (0.0 <= epsilon_low < 1.0 and epsilon_high >= 0.0 and c > 1.0):
        raise ValueError(
            "dual_clip needs 0 ≤ epsilon_low < 1, epsilon_high ≥ 0 and c > 1, "
            f"got {epsilon_low}, {epsilon_high} and {c}"
        )
    log_ratio_NT = (logprobs_NT - old_logprobs_NT).masked_fill(~mask_NT, 0.0)
    advantages_N1 = advantages_N[:, None]
    bounded_NT = torch.where(
        advantages_N1 >= 0,
        log_ratio_NT.clamp(max=math.log1p(epsilon_high)),
        log_ratio_NT.clamp(min=math.log1p(-epsilon_low), max=math.log(c)),
    )
    return (-advantages_N1 * bounded_NT.exp()).masked_fill(~mask_NT, 0.0)
