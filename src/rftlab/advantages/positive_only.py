"""Successes only: A = 1 where r > threshold, else 0.

The policy is fitted to its own right responses and told nothing about wrong ones. With rewards {0, 1} this is `raw`;
with {−1, +1} it is the positive half of it. At n = 1 the formula is the same; equal rewards give all 1 or all 0.
Source: RAFT (arXiv 2304.06767); positive sample reinforcement (arXiv 2506.01347).
"""

import numpy as np

from rftlab.advantages import Floats, Round


def advantage(scores: Round, *, threshold: float = 0.5) -> Floats:
    """Return advantages_Bn = 1 where rewards_Bn > ``threshold``, else 0."""
    return (scores.rewards_Bn > threshold).astype(np.float64)
