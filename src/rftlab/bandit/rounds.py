"""Rounds as an advantage sees them, and what it makes of them.

A round of binary rewards is known by how many rollouts of each query succeed: k of the n trained ones, j of the m
statistics rollouts. Given their rewards, the scores of a query's rollouts are alike, so that of the advantages nothing
counts but two sums over the rollouts of each reward: ΣA, which moves the gradient's mean, and ΣA², which spreads it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations_with_replacement, product
from math import comb

import numpy as np
from numpy.typing import NDArray

from rftlab import levels
from rftlab.advantages import Floats, Past, Round

Counts = NDArray[np.int64]
Level = Callable[[Round], Floats]


@dataclass(frozen=True)
class Shape:
    """B queries, n trained and m statistics rollouts of each, and a greedy response where ``greedy``."""

    B: int
    n: int
    m: int = 0
    greedy: bool = False

    @property
    def rollouts(self) -> int:
        """All responses of a round, B·(n + m) and one more of each query where it has a greedy one."""
        return self.B * (self.n + self.m + self.greedy)

    @property
    def one_query(self) -> Shape:
        """The same rollouts of one query."""
        return replace(self, B=1)

    @property
    def states(self) -> list[tuple[int, int, int]]:
        """What can come of one query: (k, j, g), g the reward of its greedy response, 0 where it has none."""
        return list(product(range(self.n + 1), range(self.m + 1), range(self.greedy + 1)))

    @property
    def rounds(self) -> int:
        """How many rounds there are whose queries do not have the same states in another order."""
        return comb(len(self.states) + self.B - 1, self.B)

    def __str__(self) -> str:
        return f"{self.B}×{self.n}" + (f"+{self.m}" if self.m else "")


class Watched(Round):
    """A round that notes whether its past was looked at."""

    def __getattribute__(self, name: str) -> object:
        if name == "past":
            object.__setattr__(self, "looked_back", True)
        return super().__getattribute__(name)


def level(name: str) -> Level:
    """A level of ``advantages/`` with its parameters at their defaults."""
    return partial(levels.load("advantages", name))


def shape_of(name: str, B: int, n: int, m: int = 0) -> Shape:
    """The shape of a level's rounds: with greedy responses, where its file asks for them."""
    return Shape(B, n, m, bool(levels.read("advantages", name).constants.get("GREEDY", False)))


def reads_past(advantage: Level, shape: Shape) -> bool:
    """Whether a level's advantages depend on earlier rounds."""
    scores = round_of(shape, np.zeros((shape.B, 3), dtype=np.int64), (1, 1), watched=True)
    advantage(scores)
    return hasattr(scores, "looked_back")


def round_of(
    shape: Shape, counts_B3: Counts, lengths: tuple[int, int], past: Past | None = None, *, watched: bool = False
) -> Round:
    """A round whose queries have these (k, j, g); the successes of a query come first, every query is another one."""
    trained_Bn = np.arange(shape.n) < counts_B3[:, :1]
    statistics_Bm = np.arange(shape.m) < counts_B3[:, 1:2]
    right_BM = np.concatenate([trained_Bn, statistics_Bm], axis=1)
    lengths_BM = np.where(right_BM, *lengths).astype(np.int64)
    queries = tuple(f"q{row}" for row in range(shape.B))
    make = Watched if watched else Round
    greedy_B = counts_B3[:, 2].astype(np.float64) if shape.greedy else None
    return make(right_BM.astype(np.float64), lengths_BM, shape.n, queries, past or Past(), greedy_B)


def sums(advantage: Level, scores: Round) -> Floats:
    """[B, 2, 2]: of each query the sums of A and of A² over its trained rollouts with reward 1 and with reward 0."""
    advantages_Bn = advantage(scores)
    right_Bn = scores.rewards_Bn > 0
    by_reward = [np.where(which, advantages_Bn, 0.0) for which in (right_Bn, ~right_Bn)]
    return np.stack([np.stack([part.sum(axis=1), (part**2).sum(axis=1)], axis=1) for part in by_reward], axis=1)


def all_rounds(shape: Shape) -> tuple[NDArray[np.int64], Floats]:
    """Every round up to the order of its queries.

    Returns:
        Indices into ``shape.states`` [U, B], and in how many orders of the queries each occurs [U].
    """
    chosen_UB = np.array(list(combinations_with_replacement(range(len(shape.states)), shape.B)), dtype=np.int64)
    factorials = np.cumsum([0.0, *np.log(np.arange(1, shape.B + 1))])
    counts_US = np.stack([(chosen_UB == state).sum(axis=1) for state in range(len(shape.states))], axis=1)
    return chosen_UB, np.exp(factorials[shape.B] - factorials[counts_US].sum(axis=1))


def one_by_one(advantage: Level, shape: Shape, lengths: tuple[int, int], rounds: Sequence[Counts]) -> bool:
    """Whether in these rounds every query's sums are those that it has alone: no other query matters to it."""
    alone: dict[tuple[int, ...], Floats] = {}
    for counts_B3 in rounds:
        together = sums(advantage, round_of(replace(shape, B=len(counts_B3)), counts_B3, lengths))
        for row, own in zip(counts_B3, together, strict=True):
            key = tuple(row.tolist())
            if key not in alone:
                alone[key] = sums(advantage, round_of(shape.one_query, row[None], lengths))[0]
            if not np.allclose(own, alone[key], rtol=1e-12, atol=1e-12):
                return False
    return True
