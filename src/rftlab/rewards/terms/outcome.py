"""The judgement of the study's verifier: v = correct or incorrect.

At n = 1 the formula is the same. Equal judgements are equal rewards: nothing else of a rollout counts.
Source: arXiv 2601.22532, with 1 and 0.
"""

from rftlab.rewards.terms import Floats, Scored, paid


def term(scored: Scored, *, correct: float = 1.0, incorrect: float = 0.0) -> Floats:
    """Return values_N = ``correct`` where the verifier accepts the completion, else ``incorrect``."""
    return paid(scored.correct_N, correct, incorrect)
