"""The model that is sampled from: the policy itself, or what the policy was some rounds ago (`rollout.sync_every` k).

The sampler takes over the policy's weights after rounds k, 2k, 3k, …, so that round t is sampled with weights that are
(t − 1) mod k rounds old, as where sampling and training run side by side. With k = 1 it is the policy. Otherwise it is
a copy, which costs its weights once more in memory and in every saved state: a run that goes on samples with the very
weights that it would have.

Rollouts of an older policy are off-policy. A ratio that compares with the sampler (`truncated`, `cispo`) weighs them;
one that compares with the trainer, a clip's, does not see their age, and `none` has no ratio at all. `mismatch_…` says
how far the sampler is; the KL to the base model is then estimated on the older policy's rollouts, and is off by that.
Source: the bounded staleness of AReaL (arXiv 2505.24298), whose weights are at most so many versions old.
"""

from __future__ import annotations

import copy

from transformers import PreTrainedModel

from rftlab.rollouts import Engine


class Sampled:
    """What is sampled from, ``model``, and when it takes over the weights of ``policy``.

    Args:
        policy: the model that is trained.
        every: rounds from one time to the next.
    """

    def __init__(self, policy: PreTrainedModel, every: int) -> None:
        self.policy, self.every = policy, every
        self.model = policy if every == 1 else copy.deepcopy(policy).requires_grad_(False)

    @property
    def copies(self) -> dict[str, PreTrainedModel]:
        """Models whose weights a saved state needs beside the policy's."""
        return {} if self.every == 1 else {"sampler": self.model}

    def follow(self, number: int, engine: Engine) -> None:
        """Take over the policy's weights if it is time to after round ``number``."""
        if number % self.every == 0:
            if self.model is not self.policy:
                self.model.load_state_dict(self.policy.state_dict())
            engine.sync(self.model)

    def metrics(self, number: int) -> dict[str, int]:
        """How old the weights are that round ``number`` is sampled with, in rounds; nothing where it is the policy."""
        return {} if self.every == 1 else {"sampler_age": (number - 1) % self.every}
