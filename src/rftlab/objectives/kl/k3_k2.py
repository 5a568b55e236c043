"""k3 in value, k2 in gradient: k3 = e^−d + d − 1 with the gradient of ½·d², d = log π − log π_ref.

Value: unbiased for KL(π‖π_ref), never negative, and what is logged is that of `k3`. Gradient in the loss: d·∇log π,
whose expectation under π is exactly ∇KL(π‖π_ref), as with `k2`.
Source: the straight-through estimate of verl; gradient: arXiv 2506.09477.
Equivalents: verl `k3+` and `low_var_kl+`.
"""

import torch
from torch import Tensor


def penalty(logprobs_NT: Tensor, reference_logprobs_NT: Tensor) -> Tensor:
    """Return penalty_NT as above, in nats per token."""
    difference_NT = logprobs_NT - reference_logprobs_NT
    k2_NT = 0.5 * difference_NT.square()
    k3_NT = torch.expm1(-difference_NT) + difference_NT
    return k2_NT + (k3_NT - k2_NT).detach()
