"""The query's mean subtracted, the round's spread divided out: A = (r − p̂) / (std over all B·M rollouts + ε).

At n = 1 without statistics rollouts A = 0, as with `group_mean`. Equal rewards of a query give A = 0. Unlike
`group_norm` it scales every query alike, so that nearly solved and nearly hopeless queries are not blown up. Statistics
rollouts enter mean and std.
Source: Lite PPO (arXiv 2508.08221); ε and ddof are those of `group_norm`, so that the two differ in one thing.
Equivalents: TRL `scale_rewards: batch`.
"""

from rftlab.advantages import Floats, Round, deviations

RANGES = {"epsilon": "(0, inf)", "ddof": (0, 1)}

LEARNS_FROM = 2  # n + m; with fewer every advantage is zero


def advantage(scores: Round, *, epsilon: float = 1e-6, ddof: int = 1) -> Floats:
    """Return advantages_Bn = (rewards_Bn − mean_B(rewards_BM)) / (std(rewards_BM) + ``epsilon``)."""
    deviations_Bn = deviations(scores.rewards_BM, axis=1)[:, : scores.n]
    if scores.rewards_BM.size == 1:  # a single reward has no spread, and deviates from its own mean by nothing
        return deviations_Bn
    std = float(deviations(scores.rewards_BM, axis=None).std(ddof=ddof))
    return deviations_Bn / (std + epsilon)
