"""Copies of the policy that take over its weights every k rounds: a sampler that is behind, a reference that moves.

A follower takes over the policy's weights after rounds k, 2k, 3k, …, so that in round t it is what the policy was
(t − 1) mod k rounds ago. It costs its weights once more in memory and in every saved state: a run that goes on has the
very followers that it would have.

**The sampler** (`rollout.sync_every`), where it is more than 1: staleness, as where sampling and training run side by
side. Rollouts of an older policy are off-policy. A ratio that compares with the sampler (`truncated`, `cispo`) weighs
them; one that compares with the trainer, a clip's, does not see their age, and `none` has no ratio at all.
`mismatch_…` says how far the sampler is; the KL to the base model is then estimated on the older policy's rollouts, and
is off by that. Source: the bounded staleness of AReaL (arXiv 2505.24298), whose weights are at most so old.

**The reference** of a KL penalty (`objective.kl.refresh_every`): the penalty is about how far the last rounds have
gone, and not about the base model, to which `kl_base` keeps measuring. Source: ProRL (arXiv 2505.24864), which resets
it; TRL's `sync_ref_model` mixes weights.
"""

from __future__ import annotations

import copy

from transformers import PreTrainedModel


class Follower:
    """A frozen copy, ``model``, of ``policy``, and the rounds, ``every``, from one taking over to the next."""

    def __init__(self, policy: PreTrainedModel, every: int) -> None:
        self.policy, self.every = policy, every
        self.model: PreTrainedModel = copy.deepcopy(policy).requires_grad_(False)

    def follow(self, number: int) -> None:
        """Take over the policy's weights if it is time to after round ``number``."""
        if number % self.every == 0:
            self.model.load_state_dict(self.policy.state_dict())

    def age(self, number: int) -> int:
        """How old, in rounds, its weights are in round ``number``."""
        return (number - 1) % self.every
