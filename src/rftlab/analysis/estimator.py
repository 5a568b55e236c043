"""The estimator of a study: contrasts of arms, paired by query, not by seed; variances between seeds are moderated.

An arm is a variant's runs on the sets of one suite: values y[s, q] per set, one row a seed, one column a query. The
sets were chosen, not drawn: each counts equally, and only their queries are a sample. Queries are
crossed with arms and seeds are nested in them: late in training two variants with the same seed are hardly more alike
(correlation .14 to .31) than two with different ones, whereas their answers to a query correlate by .93 to .97.

With three seeds an arm's own variance between seeds is a poor guess, and a lucky small one makes a false verdict. So
the arms of a study lend each other what they know of it: each is drawn towards their median, the noisier ones less.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Floats = NDArray[np.float64]

METHOD = "paired by query, moderated seed variances, t"
PRIOR_DF = 4.0  # seeds' worth of degrees of freedom that an arm borrows at most
LIVE_ARMS = 3  # fewer say nothing of one another


@dataclass(frozen=True)
class Arm:
    """What is kept of an arm's values y[s, q] on K sets of queries, the same S seeds on each; sets count equally.

    ``means`` hold per set the mean over seeds, one number a query; ``variance`` = Σ_s(y_s − ȳ)²/(S−1) of the seeds'
    means over sets, y_s = (1/K)·Σ_k mean_q y[s, q]; ``residuals`` per set Σ(y_sq − y_s. − y_.q + y..)²/((S−1)(Q−1)).
    NaN with one seed or one query.
    """

    means: tuple[Floats, ...]
    seeds: int
    variance: float
    residuals: tuple[float, ...]

    @classmethod
    def of(cls, *values_SQ: ArrayLike) -> Arm:
        """From values, one seeds × queries matrix a set.

        Raises:
            ValueError: no matrix, an empty one, one that is not finite, or other seeds than in the first.
        """
        sets = [np.asarray(values, dtype=np.float64) for values in values_SQ]
        for y in sets:
            if y.ndim != 2 or y.size == 0 or not np.isfinite(y).all() or len(y) != len(sets[0]):
                raise ValueError(f"values must be finite seeds × queries matrices of the same seeds, not {y.shape}")
        if not sets:
            raise ValueError("an arm needs values")
        means_S = np.mean([y.mean(axis=1) for y in sets], axis=0)
        variance = float(means_S.var(ddof=1)) if len(means_S) > 1 else float("nan")
        return cls(tuple(y.mean(axis=0) for y in sets), len(means_S), variance, tuple(map(_residual, sets)))

    @property
    def mean(self) -> float:
        """Its mean over sets."""
        return float(np.mean([mean_Q.mean() for mean_Q in self.means]))

    @property
    def queries(self) -> tuple[int, ...]:
        """Queries of each set."""
        return tuple(map(len, self.means))

    @property
    def live(self) -> bool:
        """Whether its seeds differ: those of a learning rate of 0 do not."""
        return self.seeds > 1 and self.variance > 0


def _residual(y: Floats) -> float:
    """Mean square of what neither seed nor query explains; NaN with one seed or one query."""
    S, Q = y.shape
    if S == 1 or Q == 1:
        return float("nan")
    deviations: Floats = y - y.mean(axis=1, keepdims=True) - y.mean(axis=0, keepdims=True) + y.mean()
    freedom: int = (S - 1) * (Q - 1)
    return float(np.square(deviations).sum()) / freedom


@dataclass(frozen=True)
class SeedVariance:
    """A variance between seeds and its degrees of freedom, moderated or not."""

    variance: float
    df: float


@dataclass(frozen=True)
class Difference:
    """A difference of two arms' means, as a fraction; its standard error is NaN where there can be none.

    With a standard error of zero no t test is possible. Where nothing differed on any of Q queries, the share of
    queries on which something would is bounded exactly: were it δ, Q queries without any would have a chance of
    (1 − δ)^Q.

    Source: Clopper & Pearson 1934 for the exact bound.
    """

    estimate: float
    se: float
    df: float
    seeds: tuple[int, int]  # of the variant and of its reference
    queries: int
    between_seeds: tuple[SeedVariance, ...]  # of each arm, two in a difference
    between_queries: float  # the part of the variance that no further seed makes smaller

    def p(self, null: float = 0.0) -> float:
        """Two-sided p-value of the difference being ``null``."""
        distance = abs(self.estimate - null)
        return self._tail(distance) if self.se else min(1.0, 2 * 0.5**self.queries) if distance else 1.0

    def p_one_sided(self, sign: int) -> float:
        """P-value against no difference or one of the other sign; ``sign`` is 1 or −1."""
        return self.p() / 2 if sign * self.estimate > 0 else 1 - self.p() / 2

    def p_equivalent(self, margin: float) -> float:
        """Twice the p-value of the difference being as large as ``margin``, in either direction; 1 where it is larger.

        P = 2·P(t > (δ − |d|)/SE), the two one-sided tests at half the level each.
        """
        room = margin - abs(self.estimate)
        if not room > 0 or np.isnan(self.se):
            return 1.0
        if self.se:
            return self._tail(room)
        return min(1.0, 2 * (1 - margin) ** self.queries) if self.estimate == 0 else 1.0

    def interval(self, confidence: float) -> tuple[float, float]:
        """Ends of the interval of that coverage."""
        half = self.half_width(1 - confidence)
        return self.estimate - half, self.estimate + half

    def half_width(self, level: float) -> float:
        """How far the estimate must be from a value for a two-sided test at ``level`` to reject it."""
        return self._quantile(level) * self.se if self.se else 1 - (level / 2) ** (1 / self.queries)

    def detectable(self, level: float, power: float = 0.8) -> float:
        """The smallest true difference that a test at a two-sided ``level`` would have found with ``power``.

        Without any variance it is the exact bound: a larger share of queries would have shown in one of them.
        """
        if self.se == 0:
            return self.half_width(level)
        return float((self._quantile(level) + stats.t.ppf(power, self.df)) * self.se)

    def with_seeds(self, variant: int, reference: int) -> Difference:
        """What other numbers of seeds let expect: the same estimate, its error by the variances that these have shown.

        V = s̃²_v/S_v + s̃²_r/S_r + the queries' part; each further seed is one more degree of freedom of its arm.
        """
        seeds = variant, reference
        a = [of.variance / S for of, S in zip(self.between_seeds, seeds, strict=True)]
        more = [max(of.df + S - had, 1) for of, S, had in zip(self.between_seeds, seeds, self.seeds, strict=True)]
        variance = sum(a) + self.between_queries
        return replace(self, se=float(np.sqrt(variance)), df=satterthwaite(a, more), seeds=seeds)

    def _quantile(self, level: float) -> float:
        return float(stats.t.isf(level / 2, self.df))

    def _tail(self, distance: float) -> float:
        return float(2 * stats.t.sf(distance / self.se, self.df))


@dataclass(frozen=True)
class Term:
    """An arm in a contrast: its weight, its variance between seeds, and for each of its sets what names its queries."""

    weight: float
    arm: Arm
    seeds: SeedVariance
    sets: tuple[Hashable, ...]


def prior(arms: Sequence[Arm]) -> float | None:
    """What the arms of a study say together of the variance between seeds, s₀²; None with fewer than three live ones.

    s₀² = median over live arms of s² / (χ²₀.₅,S₋₁ / (S−1)).

    Source: Smyth 2004 for moderated variances; the median instead of its maximum likelihood is our own.
    """
    live = [arm for arm in arms if arm.live]
    if len(live) < LIVE_ARMS:
        return None
    return float(np.median([arm.variance * (arm.seeds - 1) / stats.chi2.ppf(0.5, arm.seeds - 1) for arm in live]))


def moderated(arm: Arm, common: float | None) -> SeedVariance:
    """An arm's variance between seeds, drawn towards the :func:`prior` of all.

    d₀ = 4·min(1, P(F_{S−1,4} > s²/s₀²) / 0.5) and s̃² = (d₀·s₀² + (S−1)·s²) / (d₀ + S − 1) with d₀ + S − 1 degrees of
    freedom. An arm that is noisier than the others borrows less. One whose seeds do not differ borrows nothing.

    Source: Smyth 2004; the weight of a noisy arm is our own.
    """
    own = arm.seeds - 1
    if common is None or not arm.live:
        return SeedVariance(arm.variance, own)
    borrowed = PRIOR_DF * min(1.0, float(stats.f.sf(arm.variance / common, own, PRIOR_DF)) / 0.5)
    total = borrowed + own
    return SeedVariance((borrowed * common + own * arm.variance) / total, total)


def difference(variant: Arm, reference: Arm, variant_seeds: SeedVariance, reference_seeds: SeedVariance) -> Difference:
    """Difference of two arms on the same queries, variant − reference: the :func:`contrast` with weights 1 and −1.

    Raises:
        ValueError: the arms answered different numbers of queries.
    """
    if variant.queries != reference.queries:
        raise ValueError(f"arms of {variant.queries} and {reference.queries} queries are not paired")
    names = tuple(range(len(variant.queries)))
    return contrast([Term(1, variant, variant_seeds, names), Term(-1, reference, reference_seeds, names)])


def contrast(terms: Sequence[Term]) -> Difference:
    """Weighted sum of arms' means, Σ_i c_i·ȳ_i, where each mean is over the K_i sets of its arm.

    a_i = c_i²·s̃_i²/S_i per arm. Sets of one name have the same queries, so that their noise is common to all arms that
    answered them: with g_k = Σ_i (c_i/K_i)·ȳ_ik, a number a query, and ρ_k = Σ_i (c_i/K_i)²·MS_r,ik/(S_i·Q_k) per
    name, V = max(Σ_i a_i + max(0, Σ_k (var_q(g_k)/Q_k − ρ_k)), Σ_k ρ_k). df = (Σ_i a_i)² / Σ_i (a_i²/df_i): queries
    earn no degrees of freedom. With one seed in an arm, or one query in a set, there is no standard error.

    Arms whose seeds do not differ leave only the queries' part, with infinite df. See :class:`Difference` for a
    contrast without any variance: there a name counts as Q_k/w_k queries, w_k = Σ_i |c_i|/(2·K_i), its part of all.

    Raises:
        ValueError: positive weights do not sum to 1, or negative ones to −1.

    Source: our own, simulated in docs/evidence.md.
    """
    weights = [term.weight for term in terms]
    positive, negative = (math.fsum(w for w in weights if w * sign > 0) for sign in (1, -1))
    if not math.isclose(positive, 1) or not math.isclose(negative, -1):
        raise ValueError(f"positive weights must sum to 1 and negative ones to -1, not {weights}")
    estimate = math.fsum(term.weight * term.arm.mean for term in terms)
    by_name: dict[Hashable, list[tuple[float, Term, int]]] = {}
    for term in terms:
        for i, name in enumerate(term.sets):
            by_name.setdefault(name, []).append((term.weight / len(term.sets), term, i))
    seeds = (
        min(term.arm.seeds for term in terms if term.weight > 0),
        min(term.arm.seeds for term in terms if term.weight < 0),
    )
    between, residual, queries = 0.0, 0.0, []
    between_seeds, nan = tuple(term.seeds for term in terms), float("nan")
    for parts in by_name.values():
        Q = len(parts[0][1].arm.means[parts[0][2]])
        queries.append(2 * Q / math.fsum(abs(w) for w, _, _ in parts))
        gap_Q = np.sum([w * term.arm.means[i] for w, term, i in parts], axis=0)
        between += float((gap_Q - gap_Q[0]).var(ddof=1)) / Q if Q > 1 else nan  # 0 of equal gaps
        residual += sum(w**2 * term.arm.residuals[i] / (term.arm.seeds * Q) for w, term, i in parts)
    count = int(min(queries) + 1e-9)
    if 1 in seeds or np.isnan(between):
        return Difference(estimate, nan, nan, seeds, count, between_seeds, nan)
    a = [term.weight**2 * term.seeds.variance / term.arm.seeds for term in terms]
    query_part = max(0.0, between - residual)
    error = float(np.sqrt(max(sum(a) + query_part, residual)))
    df = satterthwaite(a, [term.seeds.df for term in terms])
    return Difference(estimate, error, df, seeds, count, between_seeds, query_part)


def satterthwaite(a: Sequence[float], df: Sequence[float]) -> float:
    """Degrees of freedom of a sum of variances: (Σ a)² / Σ (a²/df); infinite where there is none."""
    return float(sum(a) ** 2 / sum(one**2 / of for one, of in zip(a, df, strict=True))) if sum(a) else float("inf")
