"""Statistics: paired differences in; estimates with intervals out.

Seeds and queries are crossed effects: every seed answers the same queries, so neither seeds nor answers are independent
draws. An interval over seed means alone ignores the sampling of queries and covers less the more seeds there are; a
percentile bootstrap over three seeds covers 79% where it says 95%.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Floats = NDArray[np.float64]

METHOD = "crossed seed×query variance components, t"


@dataclass(frozen=True)
class Estimate:
    """A mean paired difference, in the unit of the differences, with its interval; NaN where there can be none."""

    estimate: float
    low: float
    high: float
    p: float
    df: float
    n_seeds: int
    n_queries: int
    method: str


def crossed(differences_SQ: ArrayLike, confidence: float) -> Estimate:
    """Mean of paired differences d[s, q] with a t interval from crossed variance components.

    With the mean squares of seeds, queries and residuals (:func:`mean_squares`) and v = max(MS_s + MS_q − MS_r, MS_r):
    Var(mean) = v / (S·Q), df = v² / (MS_s²/(S−1) + MS_q²/(Q−1) + MS_r²/((S−1)(Q−1))) after Satterthwaite, but at least
    min(S, Q) − 1; interval mean ± t_df·√Var; p two-sided against a mean of zero.

    Degenerate cases, none of them silent: with one seed or one query the variance of the other effect cannot be
    estimated, so interval, p and df are NaN. Differences that are all equal have no variance, and df is NaN; but that Q
    queries say the same bounds only the share δ of queries that would say otherwise: were it δ, they would all agree
    with a chance of (1 − δ)^Q. The interval is the estimate ± (1 − (α/2)^(1/Q)), α = 1 − confidence; p is 1 at zero
    and 2·0.5^Q elsewhere.

    Args:
        differences_SQ: variant − reference, one row a seed, one column a query.
        confidence: coverage of the interval, e.g. 0.95.

    Raises:
        ValueError: not a matrix, empty, not finite, or confidence outside (0, 1).

    Source: Searle, Casella & McCulloch 1992; Satterthwaite 1946; Clopper & Pearson 1934.
    """
    d_SQ = np.asarray(differences_SQ, dtype=np.float64)
    if d_SQ.ndim != 2 or d_SQ.size == 0 or not np.isfinite(d_SQ).all():
        raise ValueError(f"differences must be a finite seeds × queries matrix, not of shape {d_SQ.shape}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence lies between 0 and 1, not at {confidence:g}")
    S, Q = d_SQ.shape
    mean = float(d_SQ.mean())
    if S == 1 or Q == 1:
        nan = float("nan")
        return Estimate(mean, nan, nan, nan, nan, S, Q, METHOD)
    if (d_SQ == d_SQ[0, 0]).all():
        only = float(d_SQ[0, 0])  # not the mean, which may be off by a rounding error
        half = 1 - ((1 - confidence) / 2) ** (1 / Q)
        p = 1.0 if only == 0 else min(1.0, 2 * 0.5**Q)
        return Estimate(only, only - half, only + half, p, float("nan"), S, Q, METHOD)
    error, df = standard_error(*mean_squares(d_SQ), S, Q)
    half = float(stats.t.ppf((1 + confidence) / 2, df) * error)
    p = float(2 * stats.t.sf(abs(mean) / error, df))
    return Estimate(mean, mean - half, mean + half, p, float(df), S, Q, METHOD)


def mean_squares(differences: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean squares of a two-way layout without replication, of shape (…, S, Q).

    MS_s = Q·Σ(row − m)²/(S−1), MS_q = S·Σ(col − m)²/(Q−1), MS_r = Σ(d − row − col + m)²/((S−1)(Q−1)), with grand
    mean m, row means (seeds) and column means (queries).

    Returns:
        MS_s, MS_q, MS_r, each of shape (…).
    """
    S, Q = differences.shape[-2:]
    m = differences.mean(axis=(-2, -1), keepdims=True)
    row, col = differences.mean(axis=-1, keepdims=True), differences.mean(axis=-2, keepdims=True)
    axes = (-2, -1)
    seeds = Q * np.square(row - m).sum(axis=axes) / (S - 1)
    queries = S * np.square(col - m).sum(axis=axes) / (Q - 1)
    residual = np.square(differences - row - col + m).sum(axis=axes) / ((S - 1) * (Q - 1))
    return seeds, queries, residual


def standard_error(seeds: Floats, queries: Floats, residual: Floats, S: int, Q: int) -> tuple[Floats, Floats]:
    """Standard error of the mean and its Satterthwaite degrees of freedom, from mean squares (arrays of one shape).

    MS_s + MS_q − MS_r can come out below MS_r, even negative, and the degrees of freedom below those of the smaller
    effect, both by chance alone; they are held at MS_r and at min(S, Q) − 1.
    """
    v = np.maximum(seeds + queries - residual, residual)
    terms = seeds**2 / (S - 1) + queries**2 / (Q - 1) + residual**2 / ((S - 1) * (Q - 1))
    return np.sqrt(v / (S * Q)), np.maximum(v**2 / terms, min(S, Q) - 1)
