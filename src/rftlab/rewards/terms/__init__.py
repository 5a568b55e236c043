"""Terms of a reward: from what is known of a round's rollouts to a number for each. One file a term, one pure function.

``term(scored: Scored, *, parameters…) -> values_N``; the reward is the sum of a study's terms, r_i = Σ_k weight_k·v_ik.
A term of which a study can have one alone, named by ``reward.name``, has the parameters ``correct`` and ``incorrect``:
what a success and a failure are paid. ``VALUES = (-1.0, 0.0)`` declares the least and the greatest value of any other;
of one that does not say so an advantage that needs rewards from some value on is refused. Every file says what its
term does at n = 1 and where the other rewards of a query are equal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rftlab.rewards.scoring import Score

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

Key = tuple[int, str, int, int]
"""What a rollout was drawn by: seed, query id, occurrence, rollout index."""


@dataclass(frozen=True)
class Record:
    """One rollout as a reward sees it; ``tokens`` is how many its response has, ``truncated`` that it was cut off."""

    query: str
    answer: str
    metadata: Mapping[str, Any]
    completion: str
    tokens: int
    truncated: bool
    score: Score
    key: Key


@dataclass(frozen=True)
class Scored:
    """The N = B·M rollouts of a round as terms see them, the ``per_query`` (M) of a query side by side.

    ``limit`` is how many tokens a response may have, ``seed`` the run's own: the one in a rollout's key is that of the
    stream it was drawn from, which may be another.
    """

    records: Sequence[Record]
    limit: int
    per_query: int
    seed: int

    @property
    def correct_N(self) -> Flags:
        """Whether the study's verifier accepts the completion."""
        return np.array([record.score.correct for record in self.records], dtype=bool)

    @property
    def flexible_N(self) -> Flags:
        """Whether its flexible counterpart does."""
        return np.array([record.score.flexible for record in self.records], dtype=bool)

    @property
    def formatted_N(self) -> Flags:
        """Whether the strict verifier found an answer where it asks for one."""
        return np.array([record.score.formatted for record in self.records], dtype=bool)

    @property
    def truncated_N(self) -> Flags:
        """Whether the response was cut off at ``limit``."""
        return np.array([record.truncated for record in self.records], dtype=bool)

    @property
    def lengths_N(self) -> Floats:
        """Tokens of the response."""
        return np.array([record.tokens for record in self.records], dtype=np.float64)


def paid(success_N: Flags, correct: float, incorrect: float) -> Floats:
    """Return values_N: ``correct`` for a success, else ``incorrect``."""
    return np.where(success_N, np.float64(correct), np.float64(incorrect))
