"""AdamW whose two means are kept in 8 bits: a quarter of its memory, at the price of rounding them block by block.

The step is `adamw`'s. It needs a GPU and the package bitsandbytes, which is no dependency of this one. Tensors of fewer
than 4,096 numbers keep 32 bits.
Source: 8-bit optimizers (arXiv 2110.02861).
Equivalents: TRL and transformers `optim: adamw_bnb_8bit`.
"""

import torch

from rftlab.errors import BadInputError

NEEDS = "bitsandbytes"
RANGES = {"weight_decay": "[0, inf)", "betas": "[0, 1)", "epsilon": "(0, inf)"}


def optimizer(
    policy: torch.nn.Module,
    lr: float,
    *,
    weight_decay: float = 0.01,
    betas: tuple[float, float] = (0.9, 0.999),
    epsilon: float = 1e-8,
) -> torch.optim.Optimizer:
    """Return an optimizer of the policy's trained weights.

    Raises:
        BadInputError: they are on no GPU.
    """
    from bitsandbytes.optim import AdamW8bit

    weights = [parameter for parameter in policy.parameters() if parameter.requires_grad]
    if weights[0].device.type != "cuda":
        raise BadInputError(f"optimizer.name: adamw_8bit needs a GPU, and the policy is on {weights[0].device.type}")
    made: torch.optim.Optimizer = AdamW8bit(weights, lr=lr, betas=betas, eps=epsilon, weight_decay=weight_decay)
    return made
