"""What all ratios must do, checked in one line each."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.testing import assert_close

from rftlab.objectives.ratio import none


def loss_and_gradient(policy_loss: Callable[..., Tensor], ratios: list[float], advantage: float, **parameters: object):
    """Losses of the tokens of one response at the given ratios, and the derivative of their sum by each log π."""
    logprobs = torch.full((1, len(ratios)), -1.0, dtype=torch.float64, requires_grad=True)
    old = logprobs.detach() - torch.tensor([ratios], dtype=torch.float64).log()
    mask = torch.ones(1, len(ratios), dtype=torch.bool)
    loss = policy_loss(logprobs, old, mask, torch.tensor([advantage], dtype=torch.float64), **parameters)
    (gradient,) = torch.autograd.grad(loss.sum(), logprobs)
    return loss[0].tolist(), gradient[0].tolist()


def assert_none_at_ratio_one(policy_loss: Callable[..., Tensor], **parameters: object) -> None:
    """The gradient of each response is that of REINFORCE where trainer and sampler agree."""
    generator = torch.Generator().manual_seed(0)
    logprobs_NT = -torch.rand(4, 5, generator=generator, dtype=torch.float64)
    logprobs_NT.requires_grad_()
    mask_NT = torch.arange(5) < torch.tensor([[5], [3], [1], [4]])
    advantages_N = torch.tensor([1.5, -0.5, 0.0, 1.0], dtype=torch.float64)
    ours, theirs = (
        torch.autograd.grad(loss.sum(), logprobs_NT)[0]
        for loss in (
            policy_loss(logprobs_NT, logprobs_NT.detach(), mask_NT, advantages_N, **parameters),
            none.policy_loss(logprobs_NT, logprobs_NT.detach(), mask_NT, advantages_N),
        )
    )
    assert theirs.abs().sum() > 0
    assert_close(ours, theirs)


def assert_masked(policy_loss: Callable[..., Tensor], **parameters: object) -> None:
    """Masked positions are exactly 0 in value and gradient even where they are infinite."""
    mask_NT = torch.tensor([[True, False, False, False]])
    for advantage in (2.0, -2.0):
        logprobs_NT = torch.tensor([[-1.0, -torch.inf, -3.0, 0.0]], requires_grad=True)
        old_NT = torch.tensor([[-1.0, -1.0, 99.0, -torch.inf]])
        loss_NT = policy_loss(logprobs_NT, old_NT, mask_NT, torch.tensor([advantage]), **parameters)
        (gradient_NT,) = torch.autograd.grad(loss_NT.sum(), logprobs_NT)
        assert (loss_NT[0, 1:] == 0).all()
        assert_close(gradient_NT, torch.tensor([[-advantage, 0.0, 0.0, 0.0]]), rtol=0, atol=0)


def assert_finite_where_ratios_overflow(policy_loss: Callable[..., Tensor], advantage: float, **parameters: object):
    """exp(99.9) is infinite in float32."""
    logprobs_NT = torch.tensor([[-0.1]], requires_grad=True)
    loss_NT = policy_loss(
        logprobs_NT,
        torch.tensor([[-100.0]]),
        torch.ones(1, 1, dtype=torch.bool),
        torch.tensor([advantage]),
        **parameters,
    )
    (gradient_NT,) = torch.autograd.grad(loss_NT.sum(), logprobs_NT)
    assert loss_NT.isfinite().all()
    assert gradient_NT.isfinite().all()
