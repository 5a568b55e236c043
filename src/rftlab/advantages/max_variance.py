"""`group_norm` on the k rollouts whose rewards differ most: A = (r − mean_k) / (std_k + ε) for these, 0 for the others.

Of each query's n rollouts those k are kept whose rewards have the largest variance: some of the highest and some of the
lowest, with ties going to the earlier rollout. The others are not run through the model, so that an update costs k
rollouts of a query where sampling costs n; they still count in the weights of tokens. Statistics rollouts are not used.

At n = 1 there is nothing to choose from, and it is refused. Equal rewards give A = 0.
Source: PODS, max-variance down-sampling (arXiv 2504.13818), which also standardises after the choice; ε and ddof are
those of `group_norm`.
Equivalents: none of TRL, verl and OpenRLHF has it.
"""

import numpy as np

from rftlab.advantages import Floats, Round, deviations

MINIMUM_ROLLOUTS = 2  # n + m; planning reads it without importing this file
RANGES = {"keep": "[2, n]", "epsilon": "(0, inf)", "ddof": (0, 1)}


def advantage(scores: Round, *, keep: int = 2, epsilon: float = 1e-6, ddof: int = 1) -> Floats:
    """Return advantages_Bn, standardised over the ``keep`` rollouts of each query that are kept, 0 for the others.

    Raises:
        ValueError: there are not so many rollouts.
    """
    if not 2 <= keep <= scores.n:
        raise ValueError(f"max_variance keeps 2 to n rollouts of a query, not {keep} of {scores.n}")
    advantages_Bn = np.zeros_like(scores.rewards_Bn)
    for row, rewards_n in enumerate(scores.rewards_Bn):
        lowest_n, highest_n = (np.argsort(sign * rewards_n, kind="stable") for sign in (1, -1))
        choices = (np.r_[lowest_n[:low], highest_n[: keep - low]] for low in range(keep + 1))
        kept = max(choices, key=lambda indices: float(rewards_n[indices].var()))
        deviations_k = deviations(rewards_n[kept], axis=None)
        advantages_Bn[row, kept] = deviations_k / (deviations_k.std(ddof=ddof) + epsilon)
    return advantages_Bn
