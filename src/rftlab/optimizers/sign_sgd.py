"""The sign of the gradient alone: w ← w − lr·(sign(u) + weight_decay·w), u ← momentum·u + (1 − momentum)·g.

Every weight moves by lr in each step, or not at all where u is 0: neither the scale of rewards nor the clip of the
gradient's norm changes anything. `adamw` with both betas 0 is this without momentum.
Source: signSGD (arXiv 1802.04434), Signum with momentum.
Equivalents: none in TRL, verl or OpenRLHF.
"""

import torch

RANGES = {"momentum": "[0, 1)", "weight_decay": "[0, inf)"}


def optimizer(
    policy: torch.nn.Module, lr: float, *, momentum: float = 0.0, weight_decay: float = 0.0
) -> torch.optim.Optimizer:
    """Return an optimizer of the policy's trained weights."""
    weights = [parameter for parameter in policy.parameters() if parameter.requires_grad]
    return SignSgd(weights, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})


class SignSgd(torch.optim.Optimizer):
    """Steps of one size; without momentum there is no state."""

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # noqa: ARG002 - torch's signature
        """Move every weight that has a gradient."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                direction = weight.grad
                if group["momentum"]:
                    buffer = self.state[weight].setdefault("momentum_buffer", torch.zeros_like(weight))
                    direction = buffer.lerp_(weight.grad, 1.0 - group["momentum"])
                weight.mul_(1.0 - group["lr"] * group["weight_decay"]).sub_(direction.sign(), alpha=group["lr"])
