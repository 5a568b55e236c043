"""A soft gate in place of a clip: loss = −(4/τ)·σ(τ·(ρ − 1))·A, with τ by the sign of A.

The weight of a token's gradient falls smoothly on both sides of ρ = 1, the faster, the larger τ; no token is silenced.
τ is a little larger where A ≤ 0. At ρ = 1 the gradient is that of `none`.
Source: SAPO (arXiv 2511.20347), τ as there.
Equivalents: TRL `loss_type: sapo`; verl `loss_mode: sapo`, which averages over responses whatever is asked.
"""

import torch
from torch import Tensor

RANGES = {"tau_positive": "(0, inf)", "tau_negative": "(0, inf)"}
OLD_POLICY = "trainer"  # a gate is about how far an update moves the policy, not about the sampler's rounding


def policy_loss(
    logprobs_NT: Tensor,
    old_logprobs_NT: Tensor,
    mask_NT: Tensor,
    advantages_N: Tensor,
    *,
    tau_positive: float = 1.0,
    tau_negative: float = 1.05,
) -> Tensor:
    """Return loss_NT, exactly 0, in value and gradient, where the boolean mask is false.

    Where ρ overflows the gate is at its end: the log-ratio is held at 20 before exp, as verl does.
    """
    ratio_NT = (logprobs_NT - old_logprobs_NT).masked_fill(~mask_NT, 0.0).clamp(max=20.0).exp()
    advantages_N1 = advantages_N[:, None]
    tau_N1 = torch.where(advantages_N1 > 0, ratio_NT.new_tensor(tau_positive), tau_negative)
    gates_NT = 4.0 / tau_N1 * (tau_N1 * (ratio_NT - 1.0)).sigmoid()
    return (-advantages_N1 * gates_NT).masked_fill(~mask_NT, 0.0)
