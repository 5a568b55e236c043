"""Failures only: A = −1 where r ≤ threshold, else 0.

Wrong responses are pushed away and right ones left alone. At n = 1 the formula is the same; equal rewards give all −1
or all 0. Added to `positive_only` it is the sign of the reward about the threshold.
Source: negative sample reinforcement (arXiv 2506.01347).
"""

import numpy as np

from rftlab.advantages import Floats, Round


def advantage(scores: Round, *, threshold: float = 0.5) -> Floats:
    """Return advantages_Bn = −1 where rewards_Bn ≤ ``threshold``, else 0."""
    return np.where(scores.rewards_Bn <= threshold, -1.0, 0.0)
