"""The reward minus its query's mean: A = r − p̂, with p̂ the mean over the query's M = n + m rollouts.

At n = 1 without statistics rollouts the mean is the reward, so A = 0 and nothing is ever learnt. Equal rewards give
A = 0. It is `leave_one_out` times (M − 1)/M.
Source: Dr. GRPO (arXiv 2503.20783).
Equivalents: TRL `scale_rewards: none`; verl `adv_estimator: grpo` with `norm_adv_by_std_in_grpo: false`.
"""

from rftlab.advantages import Floats, Round, deviations

LEARNS_FROM = 2  # n + m; with fewer every advantage is zero


def advantage(scores: Round) -> Floats:
    """Return advantages_Bn = rewards_Bn − mean_B(rewards_BM)."""
    return deviations(scores.rewards_BM, axis=1)[:, : scores.n]
