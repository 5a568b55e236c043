"""The reward minus the mean reward of the round: A = r − mean(r over all B·M rollouts).

At n = 1 the other queries are the yardstick, so an easy query is praised for being easy. Zero only when the rewards of
the whole round are equal; a query whose own rewards are equal still moves the policy. A rollout counts in its own mean,
which shrinks the expected gradient by 1/(B·M). Statistics rollouts enter the mean.
Source: REINFORCE with a batch baseline, as in REINFORCE++ (arXiv 2501.03262) before its division.
"""

from rftlab.advantages import Floats, Round, deviations

ROUND_LEARNS_FROM = 2  # B·(n + m); with fewer every advantage is zero


def advantage(scores: Round) -> Floats:
    """Return advantages_Bn = rewards_Bn − mean(rewards_BM)."""
    return deviations(scores.rewards_BM, axis=None)[:, : scores.n]
