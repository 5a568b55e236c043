"""A length to keep to: v = −|L − share·limit| / limit.

Right and wrong answers alike. At n = 1 the formula is the same. Where the other rewards of a query are equal it tells
apart how far lengths are from the target.
Source: the length term of L1's LCPO-Exact (arXiv 2503.04697), r = correct − α·|L_target − L|, with α = weight / limit.
"""

import numpy as np

from rftlab.rewards.terms import Floats, Scored

RANGES = {"share": "[0, 1]"}
VALUES = (-1.0, 0.0)


def term(scored: Scored, *, share: float = 0.5) -> Floats:
    """Return values_N, from −1 to 0, of lengths in tokens; the target is the ``share`` of the limit."""
    return 0.0 - np.abs(scored.lengths_N - share * scored.limit) / scored.limit
