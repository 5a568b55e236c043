"""One clipped ratio per response: s = exp(mean_t log ρ), loss = max(−s·A, −clip(s, 1 − ε_low, 1 + ε_high)·A).

Every token of a response has this loss, so that with the aggregation `sequence_mean` the round's loss is GSPO's, the
mean over responses. The geometric mean keeps s near 1 whatever the length, which is why the clip is so narrow. At ρ = 1
the gradient of a response's summed loss is that of `none`.
Source: GSPO (arXiv 2507.18071), ε as there.
Equivalents: TRL `importance_sampling_level: sequence`; verl `loss_mode: gspo`.
"""

import math

import torch
from torch import Tensor

RANGES = {"epsilon_low": "[0, 1)", "epsilon_high": "[0, inf)"}
OLD_POLICY = "trainer"  # a clip is about how far an update moves the policy, not about the sampler's rounding


def policy_loss(
    logprobs_NT: Tensor,
    old_logprobs_NT: Tensor,
    mask_NT: Tensor,
    advantages_N: Tensor,
    *,
    epsilon_low: float = 3e-4,
    epsilon_high: float = 4e-4,
) -> Tensor:
    """Return loss_NT, exactly 0, in value and gradient, where the boolean mask is false; every row has a token.

    Raises:
        ValueError: an ε is negative, or ε_low is not below 1.
    """
    if not (0.0 <= epsilon_low < 1.0 and epsilon_high >= 0.0):
        raise ValueError(f"gspo needs 0 ≤ epsilon_low < 1 and epsilon_high ≥ 0, got {epsilon_low} and {epsilon_high}")
    log_ratio_NT = (logprobs_NT - old_logprobs_NT).masked_fill(~mask_NT, 0.0)
    mean_N1 = log_ratio_NT.sum(dim=1, keepdim=True) / mask_NT.sum(dim=1, keepdim=True)
    advantages_N1 = advantages_N[:, None]
    bounded_N1 = torch.where(
        advantages_N1 >= 0,
        mean_N1.clamp(max=math.log1p(epsilon_high)),
        mean_N1.clamp(min=math.log1p(-epsilon_low)),
    )
    return (-advantages_N1 * bounded_N1.exp()).expand_as(mask_NT).masked_fill(~mask_NT, 0.0)
