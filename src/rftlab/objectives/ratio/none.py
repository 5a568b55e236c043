"""REINFORCE: loss = −A·log π(token), no ratio and no clipping.

Source: Williams 1992; the update of arXiv 2601.22532, whose ratio is always 1, has the same gradient.
"""

from torch import Tensor


def policy_loss(
    logprobs_NT: Tensor,
    old_logprobs_NT: Tensor,  # noqa: ARG001 - the signature of every ratio; REINFORCE needs no old policy
    mask_NT: Tensor,
    advantages_N: Tensor,
) -> Tensor:
    """Return loss_NT = −advantages_N·logprobs_NT, exactly 0, in value and gradient, where the boolean mask is false."""
    return (-advantages_N[:, None] * logprobs_NT).masked_fill(~mask_NT, 0.0)
