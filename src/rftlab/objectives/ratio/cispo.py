"""The clipped importance weight: loss = −sg(min(max(ρ, floor), cap))·A·log π(token), without a gradient of the weight.

Where `clip` silences a token that moved too far, this only bounds its weight: every token keeps a gradient. At ρ = 1
the gradient is that of `none`. Here ρ = π/π_old compares the trainer with the sampler in the one update of a round, so
this is `truncated` with another bound.
Source: MiniMax-M1 (arXiv 2506.13585), which sets no lower bound: floor = 0; cap 5 is from the range of ScaleRL (arXiv
2510.13786).
Equivalents: TRL `loss_type: cispo` with `epsilon_high` as the cap and no floor; verl `loss_mode: cispo`, between
1 − ε_low and 1 + ε_high; Tinker `loss_fn: cispo`.
"""

import math

from torch import Tensor

RANGES = {"floor": "[0, 1]", "cap": "(0, inf)"}


def policy_loss(
    logprobs_NT: Tensor,
    old_logprobs_NT: Tensor,
    mask_NT: Tensor,
    advantages_N: Tensor,
    *,
    cap: float = 5.0,
    floor: float = 0.0,
) -> Tensor:
    """Return loss_NT, exactly 0, in value and gradient, where the boolean mask is false.

    Raises:
        ValueError: the cap is not positive.
    """
    if not cap > 0.0:
        raise ValueError(f"cispo needs cap > 0, got {cap}")
    log_ratio_NT = (logprobs_NT.detach() - old_logprobs_NT).masked_fill(~mask_NT, 0.0)
    weights_NT = log_ratio_NT.clamp(max=math.log(cap)).exp().clamp(min=floor)
    return (-advantages_N[:, None] * weights_NT * logprobs_NT).masked_fill(~mask_NT, 0.0)
