"""The reward standardised over the round: A = (r − mean) / (std + ε), both over all B·M rollouts.

At n = 1 the formula is the same; a round of a single rollout gives A = r, as `group_norm` does. Zero only when the
rewards of the whole round are equal. Every rollout counts once: verl, SkyRL and OpenRLHF whiten over tokens instead,
where long responses weigh more. Statistics rollouts enter mean and std.
Source: REINFORCE++ (arXiv 2501.03262); ε and ddof are those of `group_norm`, so that the two differ in one thing.
"""

from rftlab.advantages import Floats, Round, deviations

RANGES = {"epsilon": "(0, inf)", "ddof": (0, 1)}


def advantage(scores: Round, *, epsilon: float = 1e-6, ddof: int = 1) -> Floats:
    """Return advantages_Bn = (rewards_Bn − mean(rewards_BM)) / (std(rewards_BM) + ``epsilon``)."""
    if scores.rewards_BM.size == 1:  # no spread to divide by
        return scores.rewards_Bn.copy()
    deviations_BM = deviations(scores.rewards_BM, axis=None)
    std = float(deviations_BM.std(ddof=ddof))
    return deviations_BM[:, : scores.n] / (std + epsilon)
