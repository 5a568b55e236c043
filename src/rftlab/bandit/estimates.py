"""The moments of an estimator on a bandit: enumerated where the rounds can be, sampled where not.

Given the rewards of a round the scores of its rollouts are independent and known in the mean, so that E[ĝ | rewards]
and E[‖ĝ‖² | rewards] are exact; what is enumerated or sampled is rewards alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from rftlab.advantages import Floats, Past
from rftlab.bandit.measures import Measures, measures, sampled_measures
from rftlab.bandit.problem import Bandit
from rftlab.bandit.rounds import Level, Shape, all_rounds, one_by_one, reads_past, round_of, sums
from rftlab.randomness import stable_hash

ENUMERATED = 5_000  # rounds, at most
SAMPLED = 2_000  # rounds
CHECKED = 100  # of the sampled rounds, for whether queries influence each other
EARLIER, SEEN = 50, 8  # earlier rounds of the same policy, and in how many of them each query was


@dataclass(frozen=True)
class Estimate:
    """What was found, how, and its standard errors where it was sampled.

    ``method`` is *enumerated* (every round), *by query* (every outcome of one query, where queries were found not to
    influence each other) or *sampled*.
    """

    method: str
    found: Measures
    errors: Measures | None = None


def estimate(advantage: Level, shape: Shape, bandit: Bandit) -> Estimate:
    """The measures of a level on a bandit.

    Raises:
        ValueError: by the level, which is not defined for so few rollouts.
    """
    if reads_past(advantage, shape):
        return sampled(advantage, shape, bandit)
    if shape.rounds <= ENUMERATED:
        return Estimate("enumerated", enumerated(advantage, shape, bandit))
    states = np.array(shape.states)
    three, few = replace(shape, B=3), sample(shape, bandit)[1][:CHECKED]
    rounds = [*few, *(states[chosen_B] for chosen_B in (all_rounds(three)[0] if three.rounds <= ENUMERATED else []))]
    if one_by_one(advantage, shape, bandit.lengths, rounds):
        return Estimate("by query", enumerated(advantage, shape.one_query, bandit, copies=shape.B))
    return sampled(advantage, shape, bandit)


def enumerated(advantage: Level, shape: Shape, bandit: Bandit, *, copies: int = 1) -> Measures:
    """Summed over every round of ``shape``; the estimate is the mean of so many independent ``copies`` of one."""
    states = np.array(shape.states)
    chosen_UB, orders_U = all_rounds(shape)
    sums_UB22 = np.stack([sums(advantage, round_of(shape, states[c], bandit.lengths)) for c in chosen_UB])
    chances_XS = chances(shape, bandit)
    chances_S = chances_XS.mean(axis=0)
    possible_S = np.where(chances_S > 0, chances_S, 1.0)
    kinds_SX = (chances_XS / len(chances_XS) / possible_S).T  # what kind a query is, given what came of it
    chances_U = orders_U * chances_S[chosen_UB].prod(axis=1)

    means_S2D = np.einsum("sx,xrd->srd", kinds_SX, bandit.means_X2D)
    products_S22 = np.einsum("sx,xrd,xqd->srq", kinds_SX, bandit.means_X2D, bandit.means_X2D)
    spreads_S2 = kinds_SX @ bandit.spreads_X2
    first_UB2, second_UB2 = sums_UB22[..., 0], sums_UB22[..., 1]
    means_UBD = np.einsum("ubr,ubrd->ubd", first_UB2, means_S2D[chosen_UB])
    squares_UB = np.einsum("ubr,ubrq,ubq->ub", first_UB2, products_S22[chosen_UB], first_UB2)
    squares_UB += (second_UB2 * spreads_S2[chosen_UB]).sum(axis=2)
    means_UD = means_UBD.sum(axis=1)
    squares_U = squares_UB.sum(axis=1) + (means_UD**2).sum(axis=1) - (means_UBD**2).sum(axis=(1, 2))
    silent_U = (second_UB2 == 0).all(axis=(1, 2))

    N = shape.B * shape.n
    mean_D, square = chances_U @ means_UD / N, float(chances_U @ squares_U) / N**2
    length2 = float(mean_D @ mean_D)
    square, silent = length2 + (square - length2) / copies, float(chances_U @ silent_U) ** copies
    return measures(mean_D, square, silent, bandit.gradient_D, shape.rollouts * copies)


def chances(shape: Shape, bandit: Bandit) -> Floats:
    """P(state | x) [X, S]: two binomials, and the greedy response, which is certain."""
    p_X1 = bandit.success_X[:, None]
    of_n, of_m = (binomial(size, p_X1) for size in (shape.n, shape.m))
    of_greedy = np.stack([1 - bandit.greedy_X, bandit.greedy_X], axis=1) if shape.greedy else np.ones_like(p_X1)
    chances_XS: Floats = np.einsum("xk,xj,xg->xkjg", of_n, of_m, of_greedy).reshape(len(p_X1), -1)
    return chances_XS


def binomial(size: int, p_X1: Floats) -> Floats:
    """P(k successes of ``size``) [X, size + 1]."""
    k = np.arange(size + 1)
    ways = np.cumprod([1.0, *((size - k[:-1]) / (k[:-1] + 1))])
    distribution: Floats = ways * p_X1**k * (1 - p_X1) ** (size - k)
    return distribution


def sampled(advantage: Level, shape: Shape, bandit: Bandit) -> Estimate:
    """From ``SAMPLED`` rounds, the same for every level; one that looks at the past finds one of its own for each."""
    kinds_SB, counts_SB3 = sample(shape, bandit)
    past = pasts(shape, bandit, kinds_SB) if reads_past(advantage, shape) else repeat(None)
    means, squares, silent = [], [], []
    N = shape.B * shape.n
    for kinds_B, counts_B3, before in zip(kinds_SB, counts_SB3, past, strict=False):
        sums_B22 = sums(advantage, round_of(shape, counts_B3, bandit.lengths, before))
        first_B2, second_B2 = sums_B22[..., 0], sums_B22[..., 1]
        mean_D = np.einsum("br,brd->d", first_B2, bandit.means_X2D[kinds_B]) / N
        means.append(mean_D)
        squares.append(float(mean_D @ mean_D) + float((second_B2 * bandit.spreads_X2[kinds_B]).sum()) / N**2)
        silent.append(float((second_B2 == 0).all()))
    found, errors = sampled_measures(
        np.array(means), np.array(squares), np.array(silent), bandit.gradient_D, shape.rollouts
    )
    return Estimate("sampled", found, errors)


def sample(shape: Shape, bandit: Bandit) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rounds: the kinds of their queries [S, B] and what came of each, (k, j, g) [S, B, 3]."""
    generator = _generator("rounds", shape, bandit)
    kinds_SB = generator.integers(len(bandit.success_X), size=(SAMPLED, shape.B))
    p_SB = bandit.success_X[kinds_SB]
    greedy_SB = bandit.greedy_X[kinds_SB].astype(np.int64) * shape.greedy
    return kinds_SB, np.stack([*(generator.binomial(size, p_SB) for size in (shape.n, shape.m)), greedy_SB], axis=2)


def pasts(shape: Shape, bandit: Bandit, kinds_SB: NDArray[np.int64]) -> Iterator[Past]:
    """The past of each round, of a policy that has stood still for a while: the mean rewards of ``EARLIER`` rounds,
    and each query's rewards in ``SEEN`` of them."""
    generator = _generator("pasts", shape, bandit)
    for p_B in bandit.success_X[kinds_SB]:
        earlier = bandit.success_X[generator.integers(len(bandit.success_X), size=(EARLIER, shape.B))]
        rewards = (generator.random((shape.B, SEEN * shape.n)) < p_B[:, None]).astype(np.float64)
        means = generator.binomial(shape.n, earlier).mean(axis=1) / shape.n
        yield Past({f"q{row}": values for row, values in enumerate(rewards.tolist())}, means.tolist())


def _generator(of: str, shape: Shape, bandit: Bandit) -> np.random.Generator:
    key = stable_hash("bandit", of, shape.B, shape.n, shape.m, *map(repr, bandit.success_X.tolist()))
    return np.random.default_rng(key)
