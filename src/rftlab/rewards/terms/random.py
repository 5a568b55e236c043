"""A coin in place of the judgement, a control: v = correct with the given probability, else incorrect.

The coin is a hash of (seed, query id, occurrence, rollout index): it depends neither on the completion nor on the order
of scoring. At n = 1 the formula is the same. Equal judgements are no equal rewards: every rollout has its own coin.
Source: Spurious Rewards (arXiv 2506.10947).
"""

import hashlib
import json

import numpy as np

from rftlab.rewards.terms import Floats, Key, Scored, paid

RANGES = {"probability": "[0, 1]"}


def term(scored: Scored, *, correct: float = 1.0, incorrect: float = 0.0, probability: float = 0.5) -> Floats:
    """Return values_N = ``correct`` where the rollout's coin says so, with ``probability``, else ``incorrect``."""
    return paid(np.array([uniform(record.key) < probability for record in scored.records], bool), correct, incorrect)


def uniform(key: Key) -> float:
    """Return a number of [0, 1): 53 bits, exactly representable, hence always below 1, so that probability 1 pays."""
    digest = hashlib.sha256(b"reward\0" + json.dumps(key).encode()).digest()
    return (int.from_bytes(digest[:8], "big") >> 11) / 2**53
