"""A penalty for being cut off: v = −1 where the response is truncated, else 0.

At n = 1 the formula is the same. Where the other rewards of a query are equal it tells truncated responses from others.
Source: the punishment that DAPO (arXiv 2503.14476) compares with softening and filtering.
"""

import numpy as np

from rftlab.rewards.terms import Floats, Scored

VALUES = (-1.0, 0.0)


def term(scored: Scored) -> Floats:
    """Return values_N = −1 where the response was cut off, else 0."""
    return 0.0 - scored.truncated_N.astype(np.float64)
