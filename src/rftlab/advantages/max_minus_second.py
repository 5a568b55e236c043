"""The best rollout's lead over the second best: A = r − max(r of the others) where r is the best, else 0.

It estimates the gradient of the best of M: a rollout is credited with what the best would have lost without it. Of the
query's M = n + m rollouts the statistics rollouts are among the others. n = 1 without statistics rollouts has no other
and is refused. Equal rewards give A = 0, and so does every tie for the best: with rewards {0, 1} a query learns
where exactly one of its rollouts is right.
Source: arXiv 2503.19595. Not divided by a standard deviation, as verl does by default.
Equivalents: verl `grpo_passk` with `norm_adv_by_std_in_grpo: false`.
"""

import numpy as np

from rftlab.advantages import Floats, Round

MINIMUM_ROLLOUTS = 2  # n + m; planning reads it without importing this file


def advantage(scores: Round) -> Floats:
    """Return advantages_Bn = max(0, rewards_Bn − max of the query's other rollouts).

    Raises:
        ValueError: a query has fewer than ``MINIMUM_ROLLOUTS`` rollouts, statistics rollouts included.
    """
    M: int = scores.rewards_BM.shape[1]
    if M < MINIMUM_ROLLOUTS:
        raise ValueError(f"max_minus_second needs at least {MINIMUM_ROLLOUTS} rollouts of a query, got {M}")
    second_B2 = np.sort(scores.rewards_BM, axis=1)[:, -2:]
    lead_Bn: Floats = scores.rewards_Bn - second_B2[:, :1]
    return np.where(scores.rewards_Bn == second_B2[:, 1:], lead_Bn, 0.0)
