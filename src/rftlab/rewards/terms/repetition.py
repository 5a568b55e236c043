"""A penalty for saying the same again: v = −(1 − distinct n-grams / n-grams), of the completion's words.

Words are separated by white space and compared without case; a completion of fewer words than an n-gram has 0. At n = 1
rollout the formula is the same. Where the other rewards of a query are equal it tells repetitive from other responses.
Source: the repetition penalty of arXiv 2502.03373, as open-r1's `get_repetition_penalty_reward` has it.
"""

import numpy as np

from rftlab.rewards.terms import Floats, Scored

RANGES = {"size": "[1, inf)"}
VALUES = (-1.0, 0.0)


def term(scored: Scored, *, size: int = 3) -> Floats:
    """Return values_N, from −1 to 0; an n-gram has ``size`` words."""
    return np.array([0.0 - repeated(record.completion, size) for record in scored.records], dtype=np.float64)


def repeated(completion: str, size: int) -> float:
    """Return the share of n-grams that have occurred before."""
    words = completion.lower().split()
    grams = [tuple(words[i : i + size]) for i in range(len(words) - size + 1)]
    return 1.0 - len(set(grams)) / len(grams) if grams else 0.0
