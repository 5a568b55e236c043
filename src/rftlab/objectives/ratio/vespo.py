"""A smooth weight of whole responses: loss = −sg(φ(w))·A·log π, φ(w) = w^k·e^{λ(1 − w)}, w = Π_t π/π_old.

φ(1) = 1; it falls to 0 on both sides, so that a response far from the policy, in either direction, counts for nothing.
k and λ go by the sign of A. At w = 1 the gradient is that of `none`.
Source: VESPO (arXiv 2602.10693) as TRL computes it, k and λ as there.
Equivalents: TRL `loss_type: vespo`; it holds log w between log 1e-8 and 20, where φ is below 1e-14 unless k and λ are
unusual.
"""

import torch
from torch import Tensor

RANGES = {
    "k_positive": "(0, inf)",
    "lambda_positive": "(0, inf)",
    "k_negative": "(0, inf)",
    "lambda_negative": "(0, inf)",
}


def policy_loss(
    logprobs_NT: Tensor,
    old_logprobs_NT: Tensor,
    mask_NT: Tensor,
    advantages_N: Tensor,
    *,
    k_positive: float = 2.0,
    lambda_positive: float = 3.0,
    k_negative: float = 3.0,
    lambda_negative: float = 2.0,
) -> Tensor:
    """Return loss_NT, exactly 0, in value and gradient, where the boolean mask is false.

    log φ is taken before exp: where w overflows, −λw is −inf and φ is 0.
    """
    advantages_N1 = advantages_N[:, None]
    log_w_N1 = (logprobs_NT.detach() - old_logprobs_NT).masked_fill(~mask_NT, 0.0).sum(dim=1, keepdim=True)
    k_N1 = torch.where(advantages_N1 >= 0, log_w_N1.new_tensor(k_positive), k_negative)
    lambda_N1 = torch.where(advantages_N1 >= 0, log_w_N1.new_tensor(lambda_positive), lambda_negative)
    weights_N1 = (k_N1 * log_w_N1 - lambda_N1 * torch.expm1(log_w_N1)).exp()
    return (-advantages_N1 * weights_N1 * logprobs_NT).masked_fill(~mask_NT, 0.0)
