"""PPO's clipped ratio: loss = max(−ρA, −clip(ρ, 1 − ε_low, 1 + ε_high)·A), with ρ = π(token)/π_old(token).

A token that already moved beyond the clip in the direction its advantage asks gets no gradient; one that moved the
wrong way always does. At ρ = 1 the gradient is that of `none`. For A < 0 the loss is unbounded in ρ: no dual clip.
Source: PPO (arXiv 1707.06347); ε_high = 0.28 is DAPO's clip-higher (arXiv 2503.14476).
Equivalents: TRL `epsilon`, `epsilon_high`; verl `loss_mode: vanilla`, which adds `dual_clip` unasked.
"""

import math

import torch
from torch import Tensor

RANGES = {"epsilon_low": "[0, 1)", "epsilon_high": "[0, inf)"}
OLD_POLICY = "trainer"  # a clip is about how far an update moves the policy, not about the sampler's rounding


def policy_loss(
    logprobs_NT: Tensor,
    old_logprobs_NT: Tensor,
    mask_NT: Tensor,
    advantages_N: Tensor,
    *,
    epsilon_low: float = 0.2,
    epsilon_high: float = 0.2,
) -> Tensor:
    """Return loss_NT, exactly 0, in value and gradient, where the boolean mask is false.

    max(−ρA, −clip(ρ)A) is −A·min(ρ, 1 + ε_high) for A ≥ 0 and −A·max(ρ, 1 − ε_low) for A < 0. Taken so, with the bound
    put on log ρ, a ratio that overflows is clipped before exp and cannot turn the gradient into inf·0.

    Raises:
        ValueError: an ε is negative, or ε_low is not below 1.
    """
    if not (0.0 <= epsilon_low < 1.0 and epsilon_high >= 0.0):
        raise ValueError(f"clip needs 0 ≤ epsilon_low < 1 and epsilon_high ≥ 0, got {epsilon_low} and {epsilon_high}")
    log_ratio_NT = (logprobs_NT - old_logprobs_NT).masked_fill(~mask_NT, 0.0)
    advantages_N1 = advantages_N[:, None]
    bounded_NT = torch.where(
        advantages_N1 >= 0,
        log_ratio_NT.clamp(max=math.log1p(epsilon_high)),
        log_ratio_NT.clamp(min=math.log1p(-epsilon_low)),
    )
    return (-advantages_N1 * bounded_NT.exp()).masked_fill(~mask_NT, 0.0)
