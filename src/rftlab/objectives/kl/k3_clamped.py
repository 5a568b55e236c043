"""`k3` within bounds: the log-ratio within ±20, the penalty at most 10 nats a token.

Below the bounds it is `k3`, in value and gradient. Beyond them it has no gradient: a token that the policy has all but
given up, where `k3` is without bound, no longer decides the step, and is no longer pulled back. The bound of 10 is met
where the policy is 13.6 times less likely than the base model to take the token, or e^11 times likelier.
Source: verl's `low_var_kl`.
"""

import torch
from torch import Tensor

LOG_RATIO, MOST = 20.0, 10.0


def penalty(logprobs_NT: Tensor, reference_logprobs_NT: Tensor) -> Tensor:
    """Return penalty_NT = min(exp(δ) − 1 − δ, 10), δ = reference_logprobs_NT − logprobs_NT within ±20, in nats."""
    delta_NT = (reference_logprobs_NT - logprobs_NT).clamp(-LOG_RATIO, LOG_RATIO)
    return (torch.expm1(delta_NT) - delta_NT).clamp(max=MOST)
