"""The log-ratio itself: k1 = d = log π − log π_ref.

Value: unbiased for KL(π‖π_ref), and often negative. Gradient in the loss: ∇k1 = ∇log π, whose expectation under π is
zero, so the reference drops out and the term adds nothing but noise. It is meant for the reward, not for the loss;
it is here because frameworks offer it.
Source: Schulman, Approximating KL Divergence (2020); gradient: arXiv 2506.09477.
Equivalents: verl `kl` or `k1`.
"""

from torch import Tensor


def penalty(logprobs_NT: Tensor, reference_logprobs_NT: Tensor) -> Tensor:
    """Return penalty_NT = logprobs_NT − reference_logprobs_NT, in nats per token."""
    return logprobs_NT - reference_logprobs_NT
