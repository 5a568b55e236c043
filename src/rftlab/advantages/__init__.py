"""Advantages: from the rewards of a round to the training signal. One file per level, one pure function in it.

Every level is ``advantage(scores: Round, *, parameters…) -> advantages_Bn`` and states what it does at n = 1 and when
all rewards of a query are equal. What depends on the past reads ``scores.past``; no level keeps state of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass
class Past:
    """Rewards of earlier rounds, oldest first; statistics rollouts are not among them.

    ``by_query`` maps a query's id to the rewards of its trained rollouts, ``round_means`` holds the mean reward of
    each earlier round. Saved with a run's state.
    """

    by_query: dict[str, list[float]] = field(default_factory=dict)
    round_means: list[float] = field(default_factory=list)

    def remember(self, scores: Round) -> None:
        """Add a round that has been trained on."""
        for query, rewards in zip(scores.queries, scores.rewards_Bn.tolist(), strict=True):
            self.by_query.setdefault(query, []).extend(rewards)
        self.round_means.append(float(scores.rewards_Bn.mean()))


@dataclass(frozen=True)
class Round:
    """Scores of one round, as an advantage sees them.

    ``rewards_BM`` and ``lengths_BM`` (response tokens, at least one) hold M = n + m rollouts per query: the ``n``
    trained ones first, then the m statistics rollouts, which may only enter means and standard deviations.
    ``queries`` are the B ids; a query drawn twice in a round has two rows. ``greedy_B`` are the rewards of one greedy
    response of each, for an advantage whose file declares ``GREEDY = True``, and None for any other.
    """

    rewards_BM: Floats
    lengths_BM: NDArray[np.int64]
    n: int
    queries: tuple[str, ...]
    past: Past = field(default_factory=Past)
    greedy_B: Floats | None = None

    @property
    def rewards_Bn(self) -> Floats:
        """Rewards of the trained rollouts."""
        return self.rewards_BM[:, : self.n]


def deviations(rewards: Floats, axis: int | None) -> Floats:
    """Return the deviations r − mean along ``axis`` (None: over the whole array), in the shape of ``rewards``.

    Equal rewards give exactly 0, because a reward is subtracted before the mean is taken: the mean of three 0.1 is
    0.10000000000000002, and a remainder of 1e-17 would pass for a signal where none was seen.
    """
    relative = rewards - (rewards.flat[0] if axis is None else rewards.take([0], axis=axis))
    centred: Floats = relative - relative.mean(axis=axis, keepdims=True)
    return centred
