"""The judgement, with the labels of some queries flipped: v = correct where the verifier refuses, for these queries.

A query is one of them where a hash of (seed, query id) is below the given probability: in every round and for every
rollout of a run, redrawn and greedy ones among them, so that its label is wrong and stays wrong; another seed has other
wrong labels. Those of a smaller
share are among those of a larger one, and every variant of a seed has the same. At n = 1 the formula is the same. Equal
judgements are equal rewards: rollouts of a query are flipped together.
Source: random classification noise of labels (Angluin & Laird 1988), as for RLVR in arXiv 2510.00915.
"""

import numpy as np

from rftlab.randomness import stable_hash
from rftlab.rewards.terms import Flags, Floats, Scored, paid

RANGES = {"probability": "[0, 1]"}


def term(scored: Scored, *, correct: float = 1.0, incorrect: float = 0.0, probability: float = 0.5) -> Floats:
    """Return values_N of `outcome`, flipped for a share ``probability`` of the queries."""
    return paid(scored.correct_N ^ flipped(scored, probability), correct, incorrect)


def flipped(scored: Scored, probability: float) -> Flags:
    """Return flags_N: whether the label of the rollout's query is wrong."""
    uniforms_N = [stable_hash("label_noise", scored.seed, record.key[1]) / 2**63 for record in scored.records]
    return np.array(uniforms_N) < probability
