"""KL in the reward: r − β·Σ_t penalty_t, before any advantage is computed, in place of a term of the loss.

The penalty is the estimator's (`k1`, log π − log π_ref, is PPO's and unbiased), summed over the response of each of the
M rollouts, π the policy before the update. At n = 1 the reward pays for it and nothing else changes. Where the rewards
of a query are equal the KL tells its rollouts apart, and a level that divides by their std blows it up to their scale;
whether rewards are equal is asked of the rewards alone. A greedy response, which `greedy_baseline` subtracts, is not
charged for its own: what is subtracted may be anything that the rollout itself does not change. verl does the same.

**Adaptive** (`objective.kl.target`): after a round of N rollouts β ← β·(1 + clip(KL/target − 1, −0.2, 0.2)·N/horizon),
KL the mean penalty per response token.
Source: Ziegler et al. (arXiv 1909.08593); verl's `use_kl_in_reward`, whose token rewards a group advantage sums.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedModel

from rftlab.advantages import Floats, Round
from rftlab.rollouts import Rollout
from rftlab.training.passes import Passes

MOST = 0.2  # of the relative error that one round corrects
Penalty = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class KlConfig:
    """The penalty for KL: its weight and estimator, where it stands, and how it changes over a run."""

    coefficient: float
    estimator: str
    in_reward: bool = False
    target: float | None = None
    horizon: int = 10000
    refresh_every: int = 0


class KlReward:
    """What a run subtracts from rewards, and the coefficient of the moment, which is all that it remembers.

    Args:
        config: of the penalty.
        measure: the penalty of each of some rollouts, summed over its tokens; None: nothing is subtracted.
    """

    def __init__(self, config: KlConfig, measure: Callable[[Sequence[Rollout]], Floats] | None) -> None:
        self.config, self.measure = config, measure
        self.coefficient = config.coefficient

    def subtract(self, scores: Round, rollouts: Sequence[Rollout]) -> tuple[Round, dict[str, float]]:
        """The round with the KL of all its rollouts in its rewards, and metrics: of the trained ones, per token."""
        if self.measure is None:
            return scores, {}
        kl_BM = self.measure(rollouts).reshape(scores.rewards_BM.shape)
        trained = float(kl_BM[:, : scores.n].sum() / scores.lengths_BM[:, : scores.n].sum())
        row = {"kl_reward": trained, "kl_coefficient": self.coefficient}
        return replace(scores, rewards_BM=scores.rewards_BM - self.coefficient * kl_BM), row

    def adapt(self, kl: float | None, rollouts: int) -> None:
        """Bring the coefficient nearer to what gives the target, where there is one, after a round that has ended."""
        if self.config.target is not None and kl is not None:
            error = float(np.clip(kl / self.config.target - 1.0, -MOST, MOST))
            self.coefficient *= 1.0 + error * rollouts / self.config.horizon


@torch.no_grad()
def summed_penalties(
    policy: PreTrainedModel, reference: PreTrainedModel, penalty: Penalty, passes: Passes, rollouts: Sequence[Rollout]
) -> Floats:
    """penalties_N of the rollouts, Σ_t penalty_t in nats, both models at the sampling temperature."""
    sums_N = np.zeros(len(rollouts))
    for batch in passes.batches(rollouts):
        logprobs_NT, mask_NT = passes.logprobs(policy, batch)
        reference_NT, _ = passes.logprobs(reference, batch)
        penalty_NT = penalty(logprobs_NT, reference_NT).double() * mask_NT
        sums_N[batch.indices] = penalty_NT.sum(dim=1).cpu().numpy()
    return sums_N
