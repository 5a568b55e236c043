"""How much of a round a ratio silenced."""

from __future__ import annotations

import torch
from torch import Tensor


class Clipping:
    """Tokens of a round that a ratio leaves without any gradient although their advantage is not zero."""

    def __init__(self) -> None:
        self.tokens = self.clipped_tokens = self.rollouts = self.clipped_rollouts = 0

    def add(self, loss_NT: Tensor, logprobs_NT: Tensor, mask_NT: Tensor, advantages_N: Tensor) -> None:
        """Add a micro-batch, before its loss is propagated; the graph above the log-probabilities stays."""
        (slope_NT,) = torch.autograd.grad(loss_NT.sum(), logprobs_NT, retain_graph=True)
        asked_NT = mask_NT & (advantages_N != 0)[:, None]
        silent_NT = asked_NT & (slope_NT == 0)
        asked_N = asked_NT.any(dim=1)
        self.tokens += int(asked_NT.sum())
        self.clipped_tokens += int(silent_NT.sum())
        self.rollouts += int(asked_N.sum())
        self.clipped_rollouts += int((asked_N & (silent_NT == asked_NT).all(dim=1)).sum())

    @property
    def metrics(self) -> dict[str, float]:
        """Shares of the tokens, and of the rollouts that have none left; of a round without a ratio there are none."""
        if not self.tokens:
            return {}
        return {
            "clipped_tokens": self.clipped_tokens / self.tokens,
            "clipped_rollouts": self.clipped_rollouts / self.rollouts,
        }
