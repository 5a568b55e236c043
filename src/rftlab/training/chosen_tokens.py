"""Which tokens of a step have a policy loss, as a level of ``objectives/tokens`` chooses them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import PreTrainedModel

from rftlab.rollouts import Rollout
from rftlab.training.logprobs import fill_right
from rftlab.training.passes import Passes

Floats = NDArray[np.float64]


class AllTokens:
    """No choice: every token."""

    def __call__(self, *_: object) -> AllTokens:
        """Itself, whatever the step."""
        return self

    def of(self, loss_NT: Tensor, log_ratio_NT: Tensor, indices: Sequence[int]) -> Tensor:  # noqa: ARG002
        """The loss as it is."""
        return loss_NT

    @property
    def metrics(self) -> dict[str, float]:
        """There is nothing to say."""
        return {}


@dataclass(frozen=True)
class TokenChoice:
    """A level's choice among all tokens of a step; with ``entropies`` it costs a forward pass.

    Without ``pull`` a token that is not kept has no policy loss; with it, that loss and pull · ½(log ρ)².
    """

    keep: Callable[[Floats, Floats, Floats], NDArray[np.bool_]]
    entropies: bool
    pull: float | None = None

    def __call__(
        self, policy: PreTrainedModel, rollouts: Sequence[Rollout], advantages_N: Floats, passes: Passes
    ) -> Chosen | AllTokens:
        """Choose among the tokens of these rollouts, each with its advantage."""
        if not rollouts:
            return AllTokens()
        lengths = [len(rollout.tokens) for rollout in rollouts]
        logprobs_K = np.concatenate([rollout.logprobs for rollout in rollouts])
        entropies_K = entropies_of(policy, rollouts, passes) if self.entropies else np.zeros(0)
        kept_K = self.keep(entropies_K, logprobs_K, np.repeat(advantages_N, lengths))
        return Chosen(np.split(kept_K, np.cumsum(lengths)[:-1]), self.pull)


@dataclass(frozen=True)
class Chosen:
    """The kept tokens of each rollout of a step."""

    kept: list[NDArray[np.bool_]]
    pull: float | None = None

    def of(self, loss_NT: Tensor, log_ratio_NT: Tensor, indices: Sequence[int]) -> Tensor:
        """The loss of some rollouts: 0 where a token is not kept, or what pulls it back added."""
        rows = [self.kept[i].tolist() for i in indices]
        kept_NT = fill_right(rows, loss_NT.shape[1], False, loss_NT.device)
        if self.pull is None:
            return loss_NT.masked_fill(~kept_NT, 0.0)
        return loss_NT + 0.5 * self.pull * log_ratio_NT.square().masked_fill(kept_NT, 0.0)

    @property
    def metrics(self) -> dict[str, float]:
        """The share of the tokens that are kept."""
        return {"kept_tokens": float(np.concatenate(self.kept).mean())}


@torch.no_grad()
def entropies_of(policy: PreTrainedModel, rollouts: Sequence[Rollout], passes: Passes) -> Floats:
    """Entropy of the policy's next-token distribution at every response token, in nats, one rollout after the other."""
    found: dict[int, list[float]] = {}
    for batch in passes.batches(rollouts):
        _, mask_NT, entropies_NT = passes.logprobs_and_entropies(policy, batch)
        found |= {i: row[mask].tolist() for i, row, mask in zip(batch.indices, entropies_NT, mask_NT, strict=True)}
    return np.array([entropy for i in range(len(rollouts)) for entropy in found[i]])
