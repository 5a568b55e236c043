"""The reward minus its query's length-weighted mean: A = r − ΣL·r / ΣL, over the query's M = n + m rollouts.

The baseline that minimises the gradient's variance weighs each reward by the squared norm of its gradient; the number
L of response tokens stands in for that. At n = 1 without statistics rollouts A = 0. Equal rewards give A = 0, equal
lengths `group_mean`.
Source: OPO (arXiv 2505.23585).
Equivalents: verl `adv_estimator: opo`, which leaves the reward of a lone rollout.
"""

from rftlab.advantages import Floats, Round

LEARNS_FROM = 2  # n + m; with fewer every advantage is zero


def advantage(scores: Round) -> Floats:
    """Return advantages_Bn = rewards_Bn − Σ(lengths_BM·rewards_BM) / Σ lengths_BM, sums along each query's row."""
    relative_BM = scores.rewards_BM - scores.rewards_BM[:, :1]  # equal rewards then give exactly 0
    shares_BM = scores.lengths_BM / scores.lengths_BM.sum(axis=1, keepdims=True)
    centred_BM: Floats = relative_BM - (shares_BM * relative_BM).sum(axis=1, keepdims=True)
    return centred_BM[:, : scores.n]
