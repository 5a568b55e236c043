"""What a round minimises, as the levels of a run make it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor
from transformers import PreTrainedModel

from rftlab.training.chosen_tokens import AllTokens, TokenChoice
from rftlab.training.passes import Batch, Passes


@dataclass(frozen=True)
class Objective:
    """What is minimised: Σ_i w_i Σ_t [policy_loss_it + kl_coefficient · penalty_it − entropy_coefficient · H_it].

    w is the aggregation's; ``tokens`` chooses those that have a policy loss.

    ``old_is_trainer`` says that the policy loss compares with what the trainer computes in this very pass; else with
    the log-probabilities that come with the rollouts; ``leash`` that it has a gradient without an advantage.
    """

    policy_loss: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
    penalty: Callable[[Tensor, Tensor], Tensor] | None = None
    kl_coefficient: float = 0.0
    reference: PreTrainedModel | None = None
    old_is_trainer: bool = False
    leash: bool = False
    entropy_coefficient: float = 0.0
    tokens: TokenChoice | AllTokens = field(default_factory=AllTokens)

    @property
    def of_all(self) -> bool:
        """Whether a rollout without an advantage has a gradient."""
        return self.penalty is not None or self.entropy_coefficient != 0 or self.leash

    def forward(self, policy: PreTrainedModel, batch: Batch, passes: Passes) -> tuple[Tensor, Tensor, Tensor]:
        """logprobs_NT and mask_NT of a micro-batch, and terms_NT, what KL penalty and entropy bonus add to its loss."""
        if self.entropy_coefficient:
            logprobs_NT, mask_NT, entropies_NT = passes.logprobs_and_entropies(policy, batch)
            terms_NT = -self.entropy_coefficient * entropies_NT
        else:
            logprobs_NT, mask_NT = passes.logprobs(policy, batch)
            terms_NT = logprobs_NT.new_zeros(())
        if self.penalty is not None and self.reference is not None:
            with torch.no_grad():
                base_NT, _ = passes.logprobs(self.reference, batch)
            terms_NT = terms_NT + self.kl_coefficient * self.penalty(logprobs_NT, base_NT)
        return logprobs_NT, mask_NT, terms_NT

    def old(self, logprobs_NT: Tensor, sampler_NT: Tensor) -> Tensor:
        """Log-probabilities of the tokens under π_old: the sampler's, or the trainer's before the update.

        A clip is about how far an update moves the policy. Where the sampler computes in bfloat16 it is off by more
        than a narrow clip, which would silence whole rollouts before anything has moved. With one update a round these
        weights have not moved yet, so that the trainer's own log-probabilities are those of this pass: what another
        forward pass would compute again. With several, they are computed before the first and come with the rollouts.
        """
        return logprobs_NT.detach() if self.old_is_trainer else sampler_NT
