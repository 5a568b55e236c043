"""The reward minus a number fixed beforehand: A = r − b.

With rewards {0, 1} and b = ½ a failure is pushed away as hard as a success is pulled near, as with rewards {−1, +1}
at half the scale. At n = 1 the formula is the same; equal rewards give equal advantages, zero only where r = b.
Source: REINFORCE with a constant baseline (Williams 1992).
"""

from rftlab.advantages import Floats, Round


def advantage(scores: Round, *, baseline: float = 0.5) -> Floats:
    """Return advantages_Bn = rewards_Bn − ``baseline``."""
    return scores.rewards_Bn - baseline
