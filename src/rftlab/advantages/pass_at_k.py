"""The reward of sets of k rollouts, standardised: A = (v − ρ) / (√(ρ(1 − ρ)) + ε), over the query's M = n + m rollouts.

A set succeeds if any of it does. ρ = 1 − C(f, k)/C(M, k) is the share of sets that do, f being the failures; v is that
share among the sets a rollout is in: 1 for a success, 1 − C(f − 1, k − 1)/C(M − 1, k − 1) for a failure. A query whose
sets all succeed says nothing, however many failures it has. At k = 1 it is `group_norm` with ddof 0. One rollout makes
no set: n = 1 without statistics rollouts is refused. Equal rewards give A = 0. Above ``threshold`` is success.
Source: pass@k training (arXiv 2508.10751), its closed form.
"""

from math import comb, sqrt

import numpy as np

from rftlab.advantages import Floats, Round

MINIMUM_ROLLOUTS = 2  # n + m; planning reads it without importing this file
RANGES = {"k": "[1, M)", "epsilon": "(0, inf)"}


def advantage(scores: Round, *, k: int = 2, threshold: float = 0.5, epsilon: float = 1e-6) -> Floats:
    """Return advantages_Bn as above.

    Raises:
        ValueError: k is 0, or a query has fewer than k rollouts or than ``MINIMUM_ROLLOUTS``, statistics rollouts
            included.
    """
    M: int = scores.rewards_BM.shape[1]
    if M < MINIMUM_ROLLOUTS or not 1 <= k <= M:
        raise ValueError(
            f"pass_at_k needs at least {MINIMUM_ROLLOUTS} rollouts of a query, and k of them, got {M}, {k}"
        )
    correct_BM = scores.rewards_BM > threshold
    advantages_Bn = np.empty_like(scores.rewards_Bn)
    for row, correct_M in enumerate(correct_BM):
        failures = M - int(correct_M.sum())
        share = 1.0 - comb(failures, k) / comb(M, k)
        of_failure = 1.0 - comb(failures - 1, k - 1) / comb(M - 1, k - 1) if failures else share
        values_n = np.where(correct_M[: scores.n], 1.0, of_failure)
        advantages_Bn[row] = (values_n - share) / (sqrt(share * (1.0 - share)) + epsilon)
    return advantages_Bn
