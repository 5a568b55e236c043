"""A penalty that grows over the last tokens allowed: v = −clip((L − (1 − share)·limit) / (share·limit), 0, 1).

Nothing up to (1 − share)·limit tokens, then in proportion, −1 at the limit: a truncated response has −1. At n = 1 the
formula is the same. Where the other rewards of a query are equal it tells long responses from each other.
Source: the soft overlong punishment of DAPO (arXiv 2503.14476, eq. 13): 4,096 of 20,480 tokens are a share of 0.2. The
same are TRL's `get_soft_overlong_punishment` and verl's `overlong_buffer`, whose `penalty_factor` is the `weight` here.
"""

import numpy as np

from rftlab.rewards.terms import Floats, Scored

RANGES = {"share": "(0, 1]"}
VALUES = (-1.0, 0.0)


def term(scored: Scored, *, share: float = 0.2) -> Floats:
    """Return values_N, from −1 to 0, of lengths in tokens; the last ``share`` of the limit is penalised."""
    beyond_N = scored.lengths_N - (1.0 - share) * scored.limit
    return 0.0 - np.clip(beyond_N / (share * scored.limit), 0.0, 1.0)
