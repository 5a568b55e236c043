"""The reward minus what its query has earned so far: A = r − v, v a fading mean of the rewards of earlier visits.

v = (ρᴷ·w·v₀ + Σ ρᵃ·r) / (ρᴷ·w + Σ ρᵃ), over the rewards r of the K earlier visits of the query: the last visit has age
a = 0, the one before it a = 1. For rewards {0, 1} it is α/(α + β) with α ← ρα + r and β ← ρβ + 1 − r after each visit,
from α = w·v₀ and β = w·(1 − v₀). This round's rewards are not in it: two rows of one query have the same v.

At n = 1 the formula is the same; n rollouts are one visit with n rewards. Equal rewards give equal advantages, zero
only where r = v. Statistics rollouts do not enter v.
Source: SPO (arXiv 2509.13232). There ρ falls with the KL the policy has moved since the last visit, within
[0.875, 0.96], v₀ is measured with the base model, and the advantages of a round are standardised (`whiten_rollouts`
does it here); ρ = 0.9, v₀ = ½ and w = 1 are our choice.
Equivalents: verl's recipe `spo`, but for the above.
"""

import numpy as np

from rftlab.advantages import Floats, Round

RANGES = {"decay": "[0, 1]", "prior_weight": "(0, inf)"}


def advantage(scores: Round, *, decay: float = 0.9, prior: float = 0.5, prior_weight: float = 1.0) -> Floats:
    """Return advantages_Bn = rewards_Bn − v, v of each row as above, with ρ = ``decay``."""
    values_B1 = np.empty((len(scores.queries), 1))
    for row, query in enumerate(scores.queries):
        total, weight = prior_weight * prior, prior_weight
        seen = scores.past.by_query.get(query, [])
        for start in range(0, len(seen), scores.n):
            visit = seen[start : start + scores.n]
            total, weight = decay * total + sum(visit), decay * weight + len(visit)
        values_B1[row] = total / weight
    return scores.rewards_Bn - values_B1
