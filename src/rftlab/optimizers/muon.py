"""Muon for hidden matrices, AdamW for all else: W ← W − lr·(0.2·√(max(rows, columns))·orth(u) + weight_decay·W).

u is the Nesterov momentum of the gradient, and orth() brings its singular values near 1 by Newton–Schulz: all
directions of a matrix move alike. The factor gives a step the size that AdamW's has, so that one learning rate serves
both. Embeddings, the output layer, and what is no matrix (norms, biases) go by `adamw`, with betas (0.9, 0.95) and
ε 1e-8. Adapters are matrices and go by Muon.
Source: Muon (Jordan et al. 2024); the factor: Moonlight (arXiv 2502.16982), torch's `match_rms_adamw`.
Equivalents: `torch.optim.Muon` for the matrices, which is what runs; it needs torch 2.9.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import torch

from rftlab.errors import BadInputError

RANGES = {"momentum": "[0, 1)", "weight_decay": "[0, inf)"}


def optimizer(
    policy: torch.nn.Module, lr: float, *, momentum: float = 0.95, weight_decay: float = 0.01
) -> torch.optim.Optimizer:
    """Return an optimizer of the policy's trained weights.

    Raises:
        BadInputError: this torch has no Muon.
    """
    if not hasattr(torch.optim, "Muon"):
        raise BadInputError(f"optimizer.name: muon needs torch 2.9 or later, and this is {torch.__version__}")
    outer = {id(weight) for weight in outer_weights(policy)}
    weights = [parameter for parameter in policy.parameters() if parameter.requires_grad]
    matrices = [weight for weight in weights if weight.dim() == 2 and id(weight) not in outer]
    chosen = {id(weight) for weight in matrices}
    others = [weight for weight in weights if id(weight) not in chosen]
    of_matrices = partial(torch.optim.Muon, momentum=momentum, adjust_lr_fn="match_rms_adamw")
    of_others = partial(torch.optim.AdamW, betas=(0.9, 0.95), eps=1e-8)
    both = ((of_matrices, matrices), (of_others, others))
    return MuonAndAdamW(*(of(some, lr=lr, weight_decay=weight_decay) for of, some in both if some))


def outer_weights(policy: torch.nn.Module) -> list[torch.nn.Parameter]:
    """Embeddings and what the output layer consists of: their rows are tokens."""
    embeddings = [module for module in policy.modules() if isinstance(module, torch.nn.Embedding)]
    head = policy.get_output_embeddings()  # type: ignore[operator]  # of a transformers model
    return [weight for module in (*embeddings, head) for weight in module.parameters()]


class MuonAndAdamW(torch.optim.Optimizer):
    """Two optimizers as one, with one state: what is saved and restored is of both."""

    def __init__(self, *optimizers: torch.optim.Optimizer) -> None:
        self.optimizers = optimizers
        super().__init__([group for one in self.optimizers for group in one.param_groups], {})
        self._share()

    def _share(self) -> None:
        groups = iter(self.param_groups)
        for one in self.optimizers:
            one.param_groups = [next(groups) for _ in one.param_groups]
            one.state = self.state

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Restore both."""
        super().load_state_dict(dict(state_dict))
        self._share()

    def step(self, closure: None = None) -> None:  # type: ignore[override]  # noqa: ARG002 - torch's signature
        """Let each move its own weights."""
        for one in self.optimizers:
            one.step()
