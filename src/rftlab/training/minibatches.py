"""Several optimizer steps on the rollouts of one round: ``epochs`` passes over it, each cut into ``minibatches``.

A minibatch is B/k whole queries with all their trained rollouts. The advantages of a query's rollouts balance each
other (those of `group_norm` sum to zero): a step on a part of them would push the policy where the query as a whole
does not. That is the unit of verl's `ppo_mini_batch_size`, in prompts; TRL shuffles rollouts one by one.

Advantages and weights are the round's. A step minimises k·Σ_i w_i Σ_t ℓ_it over its minibatch: the weight of a token
does not depend on what it is shuffled together with, the mean over the k minibatches of an epoch is the loss of the
round, and the gradient of each is an unbiased estimate of the round's. For weights that are a query's or a rollout's
own (`query_mean`, `sequence_mean`, `sequence_sum`, `constant`) this is the aggregation of the minibatch itself; for
`token_mean` it is TRL's `dapo`, where verl divides by the minibatch's own tokens.

From the second step on the policy is no longer the one that sampled, and importance ratios are no longer 1. With one
minibatch and one epoch nothing is shuffled, and the round's update is one step, to the last bit.
Source: PPO (arXiv 1707.06347).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedModel

from rftlab.randomness import stable_hash
from rftlab.rollouts import Rollout
from rftlab.training.passes import Passes

Floats = NDArray[np.float64]
Step = Callable[[list[Rollout], Floats, Floats], Mapping[str, float]]


@dataclass(frozen=True)
class UpdateConfig:
    """How the update of a round is computed: in how many steps, and how much at a time."""

    token_budget: int
    gradient_checkpointing: bool
    compile: bool
    minibatches: int = 1
    epochs: int = 1

    @property
    def several(self) -> bool:
        """Whether a round has more than one step."""
        return self.minibatches * self.epochs > 1

    def steps(self, random_seed: int, number: int, shape: tuple[int, ...]) -> list[NDArray[np.intp]]:
        """Indices, among the N = B·n trained rollouts of a round of that shape, of those of every step."""
        of_query_Bn = np.arange(math.prod(shape)).reshape(shape)
        epochs = [minibatches(random_seed, number, e, shape[0], self.minibatches) for e in range(self.epochs)]
        return [of_query_Bn[rows].ravel() for epoch in epochs for rows in epoch]

    def take(
        self, step: Step, rollouts: Sequence[Rollout], advantages_Bn: Floats, weights_Bn: Floats, key: tuple[int, int]
    ) -> dict[str, float]:
        """Take every step of a round and return what they measured; ``key`` is (seed, number of the round).

        Raises:
            DivergedError: of a step; those before it have been taken.
        """
        advantages_N, weights_N = advantages_Bn.ravel(), self.minibatches * weights_Bn.ravel()
        rows = [
            step([rollouts[i] for i in some], advantages_N[some], weights_N[some])
            for some in self.steps(*key, advantages_Bn.shape)
        ]
        return summary(rows, self.epochs)


def minibatches(random_seed: int, number: int, epoch: int, queries: int, count: int) -> list[list[int]]:
    """Rows of each of ``count`` minibatches of a round of so many queries, in ascending order.

    A pure function of seed, number of the round and epoch: rows are sorted by a hash of these and cut in equal parts.

    Raises:
        ValueError: the queries cannot be cut so.
    """
    if queries % count:
        raise ValueError(f"{queries} queries cannot be cut into {count} minibatches of one size")
    shuffled = sorted(range(queries), key=lambda b: stable_hash("minibatch", random_seed, number, epoch, b))
    size = queries // count
    return [sorted(shuffled[first : first + size]) for first in range(0, queries, size)]


def summary(rows: Sequence[Mapping[str, float]], epochs: int) -> dict[str, float]:
    """One row of the steps of a round: means over those that measured a value, of a maximum the largest.

    ``trained_rollouts`` counts those of one epoch.
    """
    if len(rows) == 1:
        return dict(rows[0])
    names = dict.fromkeys(name for row in rows for name in row)
    found: dict[str, Any] = {}
    for name in names:
        values = [row[name] for row in rows if name in row]
        found[name] = max(values) if name.endswith("_max") else float(np.mean(values))
    return found | {"trained_rollouts": sum(row["trained_rollouts"] for row in rows) // epochs}


@torch.no_grad()
def with_logprobs_of(policy: PreTrainedModel, rollouts: Sequence[Rollout], passes: Passes) -> list[Rollout]:
    """The same rollouts with the log-probabilities that ``policy`` gives their tokens now, in place of the sampler's.

    π_old of the steps to come, for a ratio that compares with the trainer.
    """
    found = list(rollouts)
    for batch in passes.batches(rollouts):
        logprobs_NT, _ = passes.logprobs(policy, batch)
        for i, rollout, logprobs_T in zip(batch.indices, batch.rollouts, logprobs_NT.tolist(), strict=True):
            found[i] = replace(rollout, logprobs=tuple(logprobs_T[: len(rollout.tokens)]))
    return found
