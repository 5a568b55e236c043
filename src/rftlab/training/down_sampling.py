"""Down-sampling: of n rollouts of a query, the m whose rewards differ most are trained on (`rollout.down_sample`).

Most means the largest variance of rewards, which some of the lowest and some of the highest have, whatever lies
between. Sampling is cheaper than training where it is done for many rollouts side by side: all n are sampled, scored
and counted in budgets, m are run through the update. The advantage sees the chosen ones alone: where one of eight
rollouts is right, four chosen ones have a mean of 1/4. Choosing by rewards makes the gradient another one than that of
n rollouts; it is no estimate of it.

Of rollouts with equal rewards those drawn first are taken, so that a query without any difference keeps its first m.
Source: PODS (arXiv 2504.13818).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from rftlab.training.divergence import CurrentRound


def max_variance(rewards: Sequence[float], count: int) -> list[int]:
    """Indices, ascending, of the ``count`` rewards with the largest variance: the i lowest and the others the highest.

    Of several i with the same variance the largest is taken, of equal rewards the first.
    """
    ordered = sorted(rewards)
    parts = [[*ordered[:low], *ordered[len(ordered) - (count - low) :]] for low in range(count, -1, -1)]
    best = parts[int(np.argmax([np.var(np.array(part)) for part in parts]))]
    wanted, chosen = Counter(best), list[int]()
    for i, reward in enumerate(rewards):
        if wanted[reward]:
            wanted[reward] -= 1
            chosen.append(i)
    return chosen


def down_sampled(current: CurrentRound, count: int | None) -> CurrentRound:
    """A round with ``count`` rollouts of each query; None: with all it has."""
    if count is None:
        return current
    chosen_Bm = [max_variance(rewards_n, count) for rewards_n in current.rewards_BM.tolist()]
    starts_B1 = np.arange(0, len(current.rollouts), current.per_query)[:, None]
    return current.picked(starts_B1 + np.array(chosen_Bm))
