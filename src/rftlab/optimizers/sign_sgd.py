"""The sign of the gradient alone: w ← w − lr·(sign(u) + weight_decay·w), u ← momentum·u + (1 − momentum)·g.

Every weight moves by lr in each step, or not at all where u is 0: neither the scale of rewards nor the clip of the
gradient's norm changes anything. `adamw` with both betas 0 is this without momentum.
Source: signSGD (arXiv 1802.04434), Signum with momentum.
Equivalents: none in TRL, verl or OpenRLHF.
"""

import torch

from rftlab.optimizers.sgd import Sgd

RANGES = {"momentum": "[0, 1)", "weight_decay": "[0, inf)"}


def optimizer(
    policy: torch.nn.Module, lr: float, *, momentum: float = 0.0, weight_decay: float = 0.0
) -> torch.optim.Optimizer:
    """Return an optimizer of the policy's trained weights."""
    weights = [parameter for parameter in policy.parameters() if parameter.requires_grad]
    return SignSgd(weights, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})


class SignSgd(Sgd):
    """Steps of one size."""

    def remembered(self, buffer: torch.Tensor, gradient: torch.Tensor, momentum: float) -> torch.Tensor:
        """Take a gradient into the fading mean, in place."""
        return buffer.lerp_(gradient, 1.0 - momentum)

    def direction(self, update: torch.Tensor) -> torch.Tensor:
        """Of a step."""
        return update.sign()
