"""Stochastic gradient descent: w ← w − lr·(u + weight_decay·w), u ← momentum·u + g.

A weight moves in proportion to its gradient: with rewards at half the scale it learns half as fast, which `adamw` does
not notice. Learning rates of AdamW are far too small for it. Weight decay is decoupled from the momentum; without
momentum that is no difference.
Source: Robbins and Monro 1951; momentum as in torch.
Equivalents: `torch.optim.SGD`, but that its weight decay goes through the momentum.
"""

import torch

RANGES = {"momentum": "[0, 1)", "weight_decay": "[0, inf)"}


def optimizer(
    policy: torch.nn.Module, lr: float, *, momentum: float = 0.0, weight_decay: float = 0.0
) -> torch.optim.Optimizer:
    """Return an optimizer of the policy's trained weights."""
    weights = [parameter for parameter in policy.parameters() if parameter.requires_grad]
    return Sgd(weights, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})


class Sgd(torch.optim.Optimizer):
    """SGD with decoupled weight decay; without momentum there is no state."""

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # noqa: ARG002 - torch's signature
        """Move every weight that has a gradient."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                update = weight.grad
                if group["momentum"]:
                    buffer = self.state[weight].setdefault("momentum_buffer", torch.zeros_like(weight))
                    update = buffer.mul_(group["momentum"]).add_(weight.grad)
                weight.mul_(1.0 - group["lr"] * group["weight_decay"]).sub_(update, alpha=group["lr"])
