"""The ratio and nothing else: loss = −ρ·A, with ρ = π(token)/π_old(token).

The importance-weighted policy gradient without a bound: its weights are right and its variance is not limited. At
ρ = 1 the gradient is that of `none`.
Source: the surrogate of PPO (arXiv 1707.06347) before its clip.
Equivalents: Tinker `loss_fn: importance_sampling`.
"""

from torch import Tensor


def policy_loss(logprobs_NT: Tensor, old_logprobs_NT: Tensor, mask_NT: Tensor, advantages_N: Tensor) -> Tensor:
    """Return loss_NT, exactly 0, in value and gradient, where the boolean mask is false."""
    log_ratio_NT = (logprobs_NT - old_logprobs_NT).masked_fill(~mask_NT, 0.0)
    return (-advantages_N[:, None] * log_ratio_NT.exp()).masked_fill(~mask_NT, 0.0)
