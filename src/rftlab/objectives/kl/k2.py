"""Half the squared log-ratio: k2 = ½·d², with d = log π − log π_ref.

Value: biased for KL(π‖π_ref), the less the closer the two are; never negative. Gradient in the loss: ∇k2 = d·∇log π,
whose expectation under π is exactly ∇KL(π‖π_ref): of the three, the one that descends this divergence. TRL 1.16's
default, where it weighs importance by token, is k3·π/π_old, whose gradient at π = π_old is this one's, not k3's.
Source: Schulman, Approximating KL Divergence (2020); gradient: arXiv 2506.09477.
Equivalents: verl `mse` or `k2`.
"""

from torch import Tensor


def penalty(logprobs_NT: Tensor, reference_logprobs_NT: Tensor) -> Tensor:
    """Return penalty_NT = ½·(logprobs_NT − reference_logprobs_NT)², in nats per token."""
    return 0.5 * (logprobs_NT - reference_logprobs_NT).square()
