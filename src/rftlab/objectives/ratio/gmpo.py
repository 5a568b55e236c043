"""The geometric mean of clipped ratios, one per response: s = exp(mean_t clip(log ρ)), loss = −s·A.

Each token's log-ratio is clipped at ε_high where A > 0 and at −ε_low where A < 0, on the side to which A pushes; the
clip acts on log ρ, [e^−0.4, e^0.4] unless told, before the mean: `gspo` clips after it. Every token of a response has
this loss, so that with the aggregation `sequence_mean` the round's loss is GMPO's. At ρ = 1 the gradient of a
response's summed loss is that of `none`.
Source: GMPO (arXiv 2507.20673), ε as there.
Equivalents: TRL's experimental `GMPOTrainer` with `epsilon: 0.4`; verl `loss_mode: geo_mean`, whose ε is PPO's unless
set.
"""

import torch
from torch import Tensor

RANGES = {"epsilon_low": "[0, inf)", "epsilon_high": "[0, inf)"}
OLD_POLICY = "trainer"  # a clip is about how far an update moves the policy, not about the sampler's rounding


def policy_loss(
    logprobs_NT: Tensor,
    old_logprobs_NT: Tensor,
    mask_NT: Tensor,
    advantages_N: Tensor,
    *,
    epsilon_low: float = 0.4,
    epsilon_high: float = 0.4,
) -> Tensor:
    """Return loss_NT, exactly 0, in value and gradient, where the boolean mask is false; every row has a token."""
    log_ratio_NT = (logprobs_NT - old_logprobs_NT).masked_fill(~mask_NT, 0.0)
    advantages_N1 = advantages_N[:, None]
    bounded_NT = torch.where(
        advantages_N1 >= 0, log_ratio_NT.clamp(max=epsilon_high), log_ratio_NT.clamp(min=-epsilon_low)
    )
    means_N1 = bounded_NT.sum(dim=1, keepdim=True) / mask_NT.sum(dim=1, keepdim=True)
    return (-advantages_N1 * means_N1.exp()).expand_as(mask_NT).masked_fill(~mask_NT, 0.0)
