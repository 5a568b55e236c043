"""Short beats long within a query: λ = ½ − (L − min L) / (max L − min L); v = λ if correct, else min(0, λ).

The shortest and the longest are of the query's M = n + m rollouts. A right answer gets from −½ to ½, a wrong one from
−½ to 0. At n = 1 without statistics rollouts, and wherever all lengths are equal, v = 0. Where the other rewards of a
query are equal it tells lengths apart, among wrong answers those above the middle alone.
Source: the length reward of Kimi k1.5 (arXiv 2501.12599); open-r1's `len_reward` counts characters instead of tokens.
"""

import numpy as np

from rftlab.rewards.terms import Floats, Scored

VALUES = (-0.5, 0.5)


def term(scored: Scored) -> Floats:
    """Return values_N, from −½ to ½, of lengths in tokens."""
    lengths_BM = scored.lengths_N.reshape(-1, scored.per_query)
    shortest_B1 = lengths_BM.min(axis=1, keepdims=True)
    range_B1 = lengths_BM.max(axis=1, keepdims=True) - shortest_B1
    lambda_BM = np.where(range_B1 > 0, 0.5 - (lengths_BM - shortest_B1) / np.maximum(range_B1, 1.0), 0.0)
    return np.where(scored.correct_N, lambda_BM.ravel(), np.minimum(0.0, lambda_BM.ravel()))
