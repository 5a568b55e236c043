"""AdamW: w ← w − lr·(m̂/(√v̂ + ε) + weight_decay·w), with m̂ and v̂ fading means of gradients and of their squares.

At a gradient's first step every weight moves by lr, whatever the gradient's size. It runs fused on CUDA, where a step
is many small kernels otherwise, and not on a CPU, where that rounds otherwise.
Source: decoupled weight decay (arXiv 1711.05101); parameters as in arXiv 2601.22532's scripts.
Equivalents: the optimizer of TRL, verl and OpenRLHF unless told otherwise; TRL's weight decay is 0.
"""

import torch

RANGES = {"weight_decay": "[0, inf)", "betas": "[0, 1)", "epsilon": "(0, inf)"}


def optimizer(
    policy: torch.nn.Module,
    lr: float,
    *,
    weight_decay: float = 0.01,
    betas: tuple[float, float] = (0.9, 0.999),
    epsilon: float = 1e-8,
) -> torch.optim.Optimizer:
    """Return an optimizer of the policy's trained weights."""
    weights = [parameter for parameter in policy.parameters() if parameter.requires_grad]
    fused = True if weights[0].device.type == "cuda" else None
    return torch.optim.AdamW(weights, lr=lr, betas=betas, eps=epsilon, weight_decay=weight_decay, fused=fused)
