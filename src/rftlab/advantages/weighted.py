"""Failures pushed away in full, successes pulled near a little: A = λ where r > threshold, else −1.

Pushing away alone (`negative_only`) keeps a policy diverse; a little of `positive_only` keeps it accurate. λ = 0 and
large λ are, up to scale, the two. At n = 1 the formula is the same; equal rewards give all λ or all −1.
Source: W-REINFORCE (arXiv 2506.01347), with its λ = 0.1.
"""

import numpy as np

from rftlab.advantages import Floats, Round


def advantage(scores: Round, *, weight: float = 0.1, threshold: float = 0.5) -> Floats:
    """Return advantages_Bn = ``weight`` where rewards_Bn > ``threshold``, else −1."""
    return np.where(scores.rewards_Bn > threshold, weight, -1.0)
