"""A quadratic leash in place of a ratio: loss = −A·log π + ½β·(log π − log π_old)².

There is no importance weight: what has moved far from the policy that sampled it is pulled back, in proportion to how
far, whatever its advantage: rollouts without one are trained on as well. At π = π_old the gradient is that of `none`.
Source: DRO (arXiv 2405.19107), token by token as in Tinker; there the value is learnt, here it is the advantage's.
Equivalents: Tinker `loss_fn: dro`, whose β has no default in its reference; 0.05 is the example there.
"""

from torch import Tensor

LEASH = True
RANGES = {"beta": "[0, inf)"}


def policy_loss(
    logprobs_NT: Tensor, old_logprobs_NT: Tensor, mask_NT: Tensor, advantages_N: Tensor, *, beta: float = 0.05
) -> Tensor:
    """Return loss_NT, exactly 0, in value and gradient, where the boolean mask is false.

    π_old is a constant: the leash has no bound at which a token would be held, and none is to be counted.
    """
    log_ratio_NT = (logprobs_NT - old_logprobs_NT.detach()).masked_fill(~mask_NT, 0.0)
    loss_NT = -advantages_N[:, None] * logprobs_NT + 0.5 * beta * log_ratio_NT.square()
    return loss_NT.masked_fill(~mask_NT, 0.0)
