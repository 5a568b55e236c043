"""The estimator of a study: differences between two arms, paired by query, not by seed; seed variances are moderated.

An arm is a variant's runs on the sets of one suite: values y[s, q] per set, one row a seed, one column a query. The
sets were chosen, not drawn: each counts equally, and only their queries are a sample. Queries are
crossed with arms and seeds are nested in them: late in training two variants with the same seed are hardly more alike
(correlation .14 to .31) than two with different ones, whereas their answers to a query correlate by .93 to .97.

With three seeds an arm's own variance between seeds is a poor guess, and a lucky small one makes a false verdict. So
the arms of a study lend each other what they know of it: each is drawn towards their median, the noisier ones less.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    between_seeds: tuple[SeedVariance, SeedVariance]
    between_queries: float  # the part of the variance that no further seed makes smaller

    def p(self, null: float = 0.0) -> float:
        """Two-sided p-value of the difference being ``null``."""
        distance = abs(self.estimate - null)
        return self._tail(distance) if self.se else min(1.0, 2 * 0.5**self.queries) if distance else 1.0

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
        """The smallest true difference that a test at a two-sided ``level`` would have found with ``power``."""
        return float((self._quantile(level) + stats.t.ppf(power, self.df)) * self.se)

    def with_seeds(self, variant: int, reference: int) -> Difference:
        """What other numbers of seeds let expect: the same estimate, its error by the variances that these have shown.

        V = s̃²_v/S_v + s̃²_r/S_r + the queries' part; each further seed is one more degree of freedom of its arm.
        """
        seeds = variant, reference
        a = [of.variance / S for of, S in zip(self.between_seeds, seeds, strict=True)]
        more = [max(of.df + S - had, 1) for of, S, had in zip(self.between_seeds, seeds, self.seeds, strict=True)]
        variance = sum(a) + self.between_queries
        return replace(self, se=float(np.sqrt(variance)), df=_satterthwaite(a, more), seeds=seeds)

    def _quantile(self, level: float) -> float:
        return float(stats.t.isf(level / 2, self.df))

    def _tail(self, distance: float) -> float:
        return float(2 * stats.t.sf(distance / self.se, self.df))


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
    """Difference of two arms on the same queries, variant − reference, as the mean over K sets.

    a = s̃²/S per arm; ρ_k = MS_r,v/(S_v·Q_k) + MS_r,r/(S_r·Q_k) per set; V = max(a_v + a_r + max(0, Σ_k
    (var_q(ȳ_v − ȳ_r)/Q_k − ρ_k)/K²), Σ_k ρ_k/K²); df = (a_v + a_r)² / (a_v²/df_v + a_r²/df_r): queries earn no degrees
    of freedom. With one seed in an arm, or one query in a set, there is no standard error.

    Two arms whose seeds do not differ leave only the queries' part, with infinite df. See :class:`Difference` for a
    difference without any variance.

    Raises:
        ValueError: the arms answered different numbers of queries.

    Source: our own, simulated in docs/evidence.md.
    """
    if variant.queries != reference.queries:
        raise ValueError(f"arms of {variant.queries} and {reference.queries} queries are not paired")
    K, seeds = len(variant.queries), (variant.seeds, reference.seeds)
    between_seeds, nan = (variant_seeds, reference_seeds), float("nan")
    gaps = [ours_Q - theirs_Q for ours_Q, theirs_Q in zip(variant.means, reference.means, strict=True)]
    estimate = float(np.mean([gap_Q.mean() for gap_Q in gaps]))
    # were a share δ of the answers of all sets to differ, no K·min Q_k queries or more would hide it better
    queries = K * min(variant.queries)
    if 1 in variant.queries or 1 in seeds:
        return Difference(estimate, nan, nan, seeds, queries, between_seeds, nan)
    a = variant_seeds.variance / variant.seeds, reference_seeds.variance / reference.seeds
    residuals = [
        (ours / variant.seeds + theirs / reference.seeds) / len(gap_Q)
        for ours, theirs, gap_Q in zip(variant.residuals, reference.residuals, gaps, strict=True)
    ]
    residual = sum(residuals) / K**2
    query_part = max(0.0, sum(float(gap_Q.var(ddof=1)) / len(gap_Q) for gap_Q in gaps) / K**2 - residual)
    variance = max(sum(a) + query_part, residual)
    degrees = _satterthwaite(a, (variant_seeds.df, reference_seeds.df))
    return Difference(estimate, float(np.sqrt(variance)), degrees, seeds, queries, between_seeds, query_part)


def _satterthwaite(a: Sequence[float], df: Sequence[float]) -> float:
    """Degrees of freedom of a sum of variances: (Σ a)² / Σ (a²/df); infinite where there is none."""
    return float(sum(a) ** 2 / sum(one**2 / of for one, of in zip(a, df, strict=True))) if sum(a) else float("inf")
