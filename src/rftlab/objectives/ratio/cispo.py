"""The clipped importance weight: loss = −sg(min(ρ, cap))·A·log π(token), sg meaning that no gradient flows.

Where `clip` silences a token that moved too far, this only bounds its weight: every token keeps a gradient. At ρ = 1
the gradient is that of `none`. Here ρ = π/π_old compares the trainer with the sampler in the one update of a round, so
this is `truncated` with another bound.
Source: MiniMax-M1 (arXiv 2506.13585), which sets no lower bound; cap 5 is from the range of ScaleRL (arXiv 2510.13786).
"""

import math

from torch import Tensor

RANGES = {"cap": "(0, inf)"}


def policy_loss(
    logprobs_NT: Tensor, old_logprobs_NT: Tensor, mask_NT: Tensor, advantages_N: Tensor, *, cap: float = 5.0
) -> Tensor:
    """Return loss_NT, exactly 0, in value and gradient, where the boolean mask is false.

    Raises:
        ValueError: the cap is not positive.
    """
    if not cap > 0.0:
        raise ValueError(f"cispo needs cap > 0, got {cap}")
    log_ratio_NT = (logprobs_NT.detach() - old_logprobs_NT).masked_fill(~mask_NT, 0.0)
    weights_NT = log_ratio_NT.clamp(max=math.log(cap)).exp()
    return (-advantages_N[:, None] * weights_NT * logprobs_NT).masked_fill(~mask_NT, 0.0)
