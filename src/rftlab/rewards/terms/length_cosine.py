"""Length by a half wave: v = long + ½·(short − long)·(1 + cos(π·L/limit)), with its own ends for right and wrong.

From ``short`` at no tokens to ``long`` at the limit; ``truncated`` where the response was cut off. By default a right
answer earns less the longer it is, a wrong one loses less the longer it is. At n = 1 the formula is the same. Where the
other rewards of a query are equal it tells lengths apart.
Source: the cosine reward of arXiv 2502.03373 and open-r1, there the whole reward and here what is added to it.
"""

import numpy as np

from rftlab.rewards.terms import Floats, Scored


def term(
    scored: Scored,
    *,
    correct_short: float = 0.5,
    correct_long: float = 0.0,
    incorrect_short: float = -0.5,
    incorrect_long: float = 0.0,
    truncated: float = -0.5,
) -> Floats:
    """Return values_N of lengths in tokens, between the ends of right answers or those of wrong ones."""
    wave_N = 0.5 * (1.0 + np.cos(np.pi * scored.lengths_N / scored.limit))
    short_N = np.where(scored.correct_N, correct_short, incorrect_short)
    long_N = np.where(scored.correct_N, correct_long, incorrect_long)
    values_N: Floats = np.where(scored.truncated_N, truncated, long_N + (short_N - long_N) * wave_N)
    return values_N
