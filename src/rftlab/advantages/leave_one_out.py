"""The reward minus the mean of the query's other rollouts: A_i = r_i − mean(r_j, j ≠ i) = M/(M − 1)·(r_i − p̂).

A rollout's own luck is not in its yardstick, so the gradient is unbiased. Of the query's M = n + m rollouts the
statistics rollouts are among the others; at n = 1 they are the others, and without them it is refused. Equal rewards
give A = 0.
Source: RLOO (Kool et al. 2019; Ahmadian et al., arXiv 2402.14740).
Equivalents: TRL's `RLOOTrainer`; verl `adv_estimator: rloo`, which leaves the reward of a lone rollout.
"""

from rftlab.advantages import Floats, Round, deviations

MINIMUM_ROLLOUTS = 2  # n + m; planning reads it without importing this file


def advantage(scores: Round) -> Floats:
    """Return advantages_Bn = M/(M − 1)·(rewards_Bn − mean_B(rewards_BM)).

    Raises:
        ValueError: a query has fewer than ``MINIMUM_ROLLOUTS`` rollouts, statistics rollouts included.
    """
    M: int = scores.rewards_BM.shape[1]
    if M < MINIMUM_ROLLOUTS:
        raise ValueError(f"leave_one_out needs at least {MINIMUM_ROLLOUTS} rollouts of a query, got {M}")
    return deviations(scores.rewards_BM, axis=1)[:, : scores.n] * (M / (M - 1))
