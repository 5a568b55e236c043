"""How much of a round the bounds of a ratio held back."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


class Clipping:
    """Tokens of a round whose ratio is held at a bound although their advantage is not zero.

    At a bound the loss no longer depends on π_old: that is how one is told, of whatever a ratio does with it. `clip`
    leaves such a token without any gradient; `cispo` and `truncated` let it keep the bound as its weight.
    """

    def __init__(self) -> None:
        self.tokens = self.clipped_tokens = self.rollouts = self.clipped_rollouts = 0

    def add(
        self,
        policy_loss: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor],
        logprobs_NT: Tensor,
        old_NT: Tensor,
        mask_NT: Tensor,
        advantages_N: Tensor,
    ) -> None:
        """Add a micro-batch; a loss without π_old adds nothing.

        Both policies are taken e times less likely, which leaves the ratio: a certain token, whose log-probability of
        0 would hide a weight, has none then.
        """
        old_NT = (old_NT.detach() - 1).requires_grad_()
        loss_NT = policy_loss(logprobs_NT.detach() - 1, old_NT, mask_NT, advantages_N)
        if not loss_NT.requires_grad:
            return
        (slope_NT,) = torch.autograd.grad(loss_NT.sum(), old_NT)
        asked_NT = mask_NT & (advantages_N != 0)[:, None]
        clipped_NT = asked_NT & (slope_NT == 0)
        asked_N = asked_NT.any(dim=1)
        self.tokens += int(asked_NT.sum())
        self.clipped_tokens += int(clipped_NT.sum())
        self.rollouts += int(asked_N.sum())
        self.clipped_rollouts += int((asked_N & (clipped_NT == asked_NT).all(dim=1)).sum())

    @property
    def metrics(self) -> dict[str, float]:
        """Shares of the tokens, and of the rollouts that have no other; of a round without a ratio there are none."""
        if not self.tokens:
            return {}
        return {
            "clipped_tokens": self.clipped_tokens / self.tokens,
            "clipped_rollouts": self.clipped_rollouts / self.rollouts,
        }
