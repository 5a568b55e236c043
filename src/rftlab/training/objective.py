"""What a round minimises, as the levels of a run make it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor
from transformers import PreTrainedModel


@dataclass(frozen=True)
class Objective:
    """What is minimised: Σ_i w_i Σ_t [policy_loss_it + kl_coefficient · penalty_it]; w from the aggregation.

    ``old_is_trainer`` says that the policy loss compares with what the trainer computes in this very pass; else with
    the log-probabilities that come with the rollouts.
    """

    policy_loss: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
    penalty: Callable[[Tensor, Tensor], Tensor] | None = None
    kl_coefficient: float = 0.0
    reference: PreTrainedModel | None = None
    old_is_trainer: bool = False

    def old(self, logprobs_NT: Tensor, sampler_NT: Tensor) -> Tensor:
        """Log-probabilities of the tokens under π_old: the sampler's, or the trainer's before the update.

        A clip is about how far an update moves the policy. Where the sampler computes in bfloat16 it is off by more
        than a narrow clip, which would silence whole rollouts before anything has moved. With one update a round these
        weights have not moved yet, so that the trainer's own log-probabilities are those of this pass: what another
        forward pass would compute again. With several, they are computed before the first and come with the rollouts.
        """
        return logprobs_NT.detach() if self.old_is_trainer else sampler_NT
