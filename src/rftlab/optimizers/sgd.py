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
    """Steps along a gradient, or along what momentum makes of it; without momentum there is no state."""

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # noqa: ARG002 - torch's signature
        """Move every weight that has a gradient."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                update = weight.grad
                if group["momentum"]:
                    state = self.state[weight]
                    if not state:
                        state["momentum_buffer"] = torch.zeros_like(weight)
                    update = self.remembered(state["momentum_buffer"], weight.grad, group["momentum"])
                weight.mul_(1.0 - group["lr"] * group["weight_decay"])
                weight.sub_(self.direction(update), alpha=group["lr"])

    def remembered(self, buffer: torch.Tensor, gradient: torch.Tensor, momentum: float) -> torch.Tensor:
        """Take a gradient into the buffer, in place."""
        return buffer.mul_(momentum).add_(gradient)

    def direction(self, update: torch.Tensor) -> torch.Tensor:
        """Of a step."""
        return update
