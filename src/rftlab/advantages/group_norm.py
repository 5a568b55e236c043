"""The reward standardised within its query: A = (r − p̂) / (s + ε), over the query's M = n + m rollouts.

At n = 1 without statistics rollouts there is no spread to measure and A = r: verl's rule, and the 256×1 cell of
arXiv 2601.22532. With them, p̂ and s are defined and only the n rollouts are trained on. Equal rewards give A = 0. One
right of two gives A = ±0.707 with ddof 1 and ±1 with ddof 0. Dividing by s lets the rare outcome of a query that is
nearly always or nearly never solved weigh most.
Source: GRPO (arXiv 2402.03300). ε is verl's (TRL: 1e-4, OpenRLHF: 1e-9); ddof is 1 there and 0 in open-instruct.
Equivalents: TRL `scale_rewards: group`, its default; verl `adv_estimator: grpo`.
"""

from rftlab.advantages import Floats, Round, deviations

RANGES = {"epsilon": "(0, inf)", "ddof": (0, 1)}


def advantage(scores: Round, *, epsilon: float = 1e-6, ddof: int = 1) -> Floats:
    """Return advantages_Bn = (rewards_Bn − mean_B) / (std_B + ``epsilon``), mean and std over rewards_BM's rows."""
    if scores.rewards_BM.shape[1] == 1:
        return scores.rewards_Bn.copy()
    deviations_BM = deviations(scores.rewards_BM, axis=1)
    std_B1: Floats = deviations_BM.std(axis=1, ddof=ddof, keepdims=True)
    return deviations_BM[:, : scores.n] / (std_B1 + epsilon)
