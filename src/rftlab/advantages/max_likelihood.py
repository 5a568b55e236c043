"""The reward relative to its query's success rate: A = (r − p̂) / p̂, and 0 where p̂ = 0.

It estimates the gradient of log p(success) in place of p(success): a query solved once in a hundred weighs a hundred
times as much. p̂ is taken over all n + m rollouts. At n = 1 without statistics rollouts A = 0 whatever the reward.
Equal rewards give A = 0.
Source: MaxRL (arXiv 2602.02710).
"""

import numpy as np

from rftlab.advantages import Floats, Round, deviations

MINIMUM_REWARD = 0.0  # a success rate is not negative; planning reads it without importing this file

LEARNS_FROM = 2  # n + m; with fewer every advantage is zero


def advantage(scores: Round) -> Floats:
    """Return advantages_Bn = (rewards_Bn − mean_B) / mean_B, mean over rewards_BM's rows, and 0 where it is 0.

    Raises:
        ValueError: a reward is below ``MINIMUM_REWARD``; with rewards {−1, +1} the mean is no success rate.
    """
    lowest = float(scores.rewards_BM.min())
    if lowest < MINIMUM_REWARD:
        raise ValueError(f"max_likelihood needs rewards of at least {MINIMUM_REWARD}, got {lowest}")
    deviations_Bn = deviations(scores.rewards_BM, axis=1)[:, : scores.n]
    mean_B1 = scores.rewards_BM.mean(axis=1, keepdims=True)
    return deviations_Bn / np.where(mean_B1 > 0, mean_B1, 1.0)  # mean 0: all rewards are 0, and so are the deviations
