"""The estimator of a study: differences between two arms, paired by query, not by seed; seed variances are moderated.

An arm is a variant's runs on one evaluation set: values y[s, q], one row a seed, one column a query. Queries are
crossed with arms and seeds are nested in them: late in training two variants with the same seed are hardly more alike
(correlation .14 to .31) than two with different ones, whereas their answers to a query correlate by .93 to .97.

With three seeds an arm's own variance between seeds is a poor guess, and a lucky small one makes a false verdict. So
the arms of a study lend each other what they know of it: each is drawn towards their median, the noisier ones less.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Floats = NDArray[np.float64]

METHOD = "paired by query, moderated seed variances, t"
PRIOR_DF = 4.0  # seeds' worth of degrees of freedom that an arm borrows at most
LIVE_ARMS = 3  # fewer say nothing of one another


@dataclass(frozen=True)
class Arm:
    """What is kept of values y[s, q] of S seeds and Q queries.

    ``mean_Q`` is the mean over seeds; ``seeds_ms`` = Q·Σ_s(y_s. − y..)²/(S−1) and ``residual_ms`` =
    Σ(y_sq − y_s. − y_.q + y..)²/((S−1)(Q−1)) are mean squares; NaN with one seed or one query.
    """

    mean_Q: Floats
    seeds: int
    seeds_ms: float
    residual_ms: float

    @classmethod
    def of(cls, values_SQ: ArrayLike) -> Arm:
        """From values.

        Raises:
            ValueError: not a matrix, empty, or not finite.
        """
        y = np.asarray(values_SQ, dtype=np.float64)
        if y.ndim != 2 or y.size == 0 or not np.isfinite(y).all():
            raise ValueError(f"values must be a finite seeds × queries matrix, not of shape {y.shape}")
        S, Q = y.shape
        if S == 1 or Q == 1:
            return cls(y.mean(axis=0), S, float("nan"), float("nan"))
        m, row, col = y.mean(), y.mean(axis=1, keepdims=True), y.mean(axis=0, keepdims=True)
        seeds = Q * float(np.square(row - m).sum()) / (S - 1)
        residual = float(np.square(y - row - col + m).sum()) / ((S - 1) * (Q - 1))
        return cls(y.mean(axis=0), S, seeds, residual)

    @property
    def queries(self) -> int:
        """Q."""
        return len(self.mean_Q)

    @property
    def live(self) -> bool:
        """Whether its seeds differ: those of a learning rate of 0 do not."""
        return self.seeds > 1 and self.seeds_ms > 0


@dataclass(frozen=True)
class SeedVariance:
    """A mean square of seeds and its degrees of freedom, moderated or not."""

    ms: float
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
        level = 1 - confidence
        half = self._quantile(level) * self.se if self.se else 1 - (level / 2) ** (1 / self.queries)
        return self.estimate - half, self.estimate + half

    def detectable(self, level: float, power: float = 0.8) -> float:
        """The smallest true difference that a test at a two-sided ``level`` would have found with ``power``."""
        return float((self._quantile(level) + stats.t.ppf(power, self.df)) * self.se)

    def _quantile(self, level: float) -> float:
        return float(stats.t.isf(level / 2, self.df))

    def _tail(self, distance: float) -> float:
        return float(2 * stats.t.sf(distance / self.se, self.df))


def moderated(arms: Sequence[Arm]) -> list[SeedVariance]:
    """Every arm's mean square of seeds, drawn towards the others'.

    s₀² = median over live arms of MS_s / (χ²₀.₅,S₋₁ / (S−1)); per arm d₀ = 4·min(1, P(F_{S−1,4} > MS_s/s₀²) / 0.5) and
    M̃S = (d₀·s₀² + (S−1)·MS_s) / (d₀ + S − 1) with d₀ + S − 1 degrees of freedom. An arm that is noisier than the
    others borrows less. Arms whose seeds do not differ neither lend nor borrow; with fewer than three live arms nobody
    does.

    Source: Smyth 2004 for moderated variances; the weight of a noisy arm is our own.
    """
    live = [arm for arm in arms if arm.live]
    if len(live) < LIVE_ARMS:
        return [SeedVariance(arm.seeds_ms, arm.seeds - 1) for arm in arms]
    medians = [arm.seeds_ms * (arm.seeds - 1) / stats.chi2.ppf(0.5, arm.seeds - 1) for arm in live]
    prior = float(np.median(medians))
    variances = []
    for arm in arms:
        own = arm.seeds - 1
        if not arm.live:
            variances.append(SeedVariance(arm.seeds_ms, own))
            continue
        borrowed = PRIOR_DF * min(1.0, float(stats.f.sf(arm.seeds_ms / prior, own, PRIOR_DF)) / 0.5)
        total = borrowed + own
        variances.append(SeedVariance((borrowed * prior + own * arm.seeds_ms) / total, total))
    return variances


def difference(variant: Arm, reference: Arm, variant_seeds: SeedVariance, reference_seeds: SeedVariance) -> Difference:
    """Difference of two arms on the same queries, variant − reference.

    a = M̃S/(S·Q) per arm; ρ = MS_r,v/(S_v·Q) + MS_r,r/(S_r·Q); V = max(a_v + a_r + max(0, var_q(ȳ_v − ȳ_r)/Q − ρ), ρ);
    df = (a_v + a_r)² / (a_v²/df_v + a_r²/df_r): queries earn no degrees of freedom. With one seed in an arm, or one
    query, there is no standard error.

    Two arms whose seeds do not differ leave only the queries' part, with infinite df. See :class:`Difference` for a
    difference without any variance.

    Raises:
        ValueError: the arms answered different numbers of queries.

    Source: our own, simulated in docs/evidence.md.
    """
    if variant.queries != reference.queries:
        raise ValueError(f"arms of {variant.queries} and {reference.queries} queries are not paired")
    Q = variant.queries
    gap_Q = variant.mean_Q - reference.mean_Q
    seeds = (variant.seeds, reference.seeds)
    estimate = float(gap_Q.mean())
    if Q == 1 or min(seeds) == 1:
        return Difference(estimate, float("nan"), float("nan"), seeds, Q)
    a = variant_seeds.ms / (variant.seeds * Q), reference_seeds.ms / (reference.seeds * Q)
    residual = variant.residual_ms / (variant.seeds * Q) + reference.residual_ms / (reference.seeds * Q)
    query_part = max(0.0, float(gap_Q.var(ddof=1)) / Q - residual)
    variance = max(sum(a) + query_part, residual)
    degrees = sum(a) ** 2 / (a[0] ** 2 / variant_seeds.df + a[1] ** 2 / reference_seeds.df) if sum(a) else np.inf
    return Difference(estimate, float(np.sqrt(variance)), float(degrees), seeds, Q)
