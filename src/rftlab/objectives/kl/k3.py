"""The log-ratio with a control variate: k3 = π_ref/π − log(π_ref/π) − 1.

Value: unbiased for KL(π‖π_ref), as the added π_ref/π − 1 has expectation zero; never negative. Gradient in the loss:
∇k3 = (1 − π_ref/π)·∇log π, whose expectation under π is ∇KL(π_ref‖π), the divergence the other way round. Where π is
far below π_ref it is unbounded. TRL 1.16 multiplies it by its loss's ratio (`use_bias_correction_kl`, its default): by
π/π_old where importance is weighed by token, and the gradient of that at π = π_old is `k2`'s.
Source: Schulman, Approximating KL Divergence (2020); in the loss: GRPO (arXiv 2402.03300); gradient: arXiv 2506.09477.
Equivalents: TRL without `use_bias_correction_kl`; verl `low_var_kl` or `k3`, which clamps it at ±10.
"""

import torch
from torch import Tensor


def penalty(logprobs_NT: Tensor, reference_logprobs_NT: Tensor) -> Tensor:
    """Return penalty_NT = exp(δ) − 1 − δ with δ = reference_logprobs_NT − logprobs_NT, in nats per token.

    expm1, because near the base model exp(δ) − 1 cancels: in float32, δ = 1e-4 would leave no correct digit of δ²/2.
    """
    delta_NT = reference_logprobs_NT - logprobs_NT
    return torch.expm1(delta_NT) - delta_NT
