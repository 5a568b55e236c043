"""Expectations over a small vocabulary, summed over every token instead of sampled."""

from collections.abc import Callable

import torch
from torch import Tensor

Penalty = Callable[[Tensor, Tensor], Tensor]
LOGITS_V = torch.tensor([0.3, -1.2, 0.9, 0.1, -0.4], dtype=torch.float64)
REFERENCE_V = torch.log_softmax(torch.tensor([-2.5, 0.4, 0.2, 1.1, -0.9], dtype=torch.float64), dim=0)


def expected_value(penalty: Penalty, logits_V: Tensor = LOGITS_V) -> Tensor:
    """E_π[penalty], the tokens drawn from π = softmax(logits)."""
    logprobs_V = torch.log_softmax(logits_V, dim=0)
    return (logprobs_V.exp() * penalty(logprobs_V, REFERENCE_V)).sum()


def expected_gradient(penalty: Penalty) -> Tensor:
    """E_π[∇ penalty] by the logits: the tokens drawn first, then differentiated, as a loss does it."""
    logits_V = LOGITS_V.clone().requires_grad_()
    logprobs_V = torch.log_softmax(logits_V, dim=0)
    drawn_V = logprobs_V.detach().exp()
    return torch.autograd.grad((drawn_V * penalty(logprobs_V, REFERENCE_V)).sum(), logits_V)[0]


def divergence_gradient(*, reverse: bool) -> Tensor:
    """∇KL(π‖π_ref) by the logits if ``reverse``, else ∇KL(π_ref‖π)."""
    logits_V = LOGITS_V.clone().requires_grad_()
    logprobs_V = torch.log_softmax(logits_V, dim=0)
    if reverse:
        divergence = (logprobs_V.exp() * (logprobs_V - REFERENCE_V)).sum()
    else:
        divergence = (REFERENCE_V.exp() * (REFERENCE_V - logprobs_V)).sum()
    return torch.autograd.grad(divergence, logits_V)[0]


def divergence() -> Tensor:
    """KL(π‖π_ref)."""
    logprobs_V = torch.log_softmax(LOGITS_V, dim=0)
    return (logprobs_V.exp() * (logprobs_V - REFERENCE_V)).sum()
