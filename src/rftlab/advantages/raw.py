"""The reward itself: A = r, nothing subtracted.

At n = 1 and for equal rewards alike, A = r; with rewards {0, 1} only successes move the policy.
Source: the baseline of arXiv 2601.22532; REINFORCE without a baseline (Williams 1992).
"""

from rftlab.advantages import Floats, Round


def advantage(scores: Round) -> Floats:
    """Return advantages_Bn = rewards_Bn."""
    return scores.rewards_Bn.copy()
