"""Several pairs of base model and dataset: what a level did over them, in general, and in how many of them at least.

Over these pairs
    The plain mean of the pairs' estimates, as a :func:`rftlab.analysis.estimator.contrast` of all their arms: where the
    pairs are independent, SE = √ΣV/n; queries that several pairs answered are common noise, which does not average out.
    Verdicts are about this mean, corrected for all levels, suites and budgets that are pooled, as those of single pairs
    are among themselves (:mod:`rftlab.analysis.decisions`): any false one in at most α of studies.
In general
    As if the pairs were drawn from many: ȳ ± t·√(s²/n + c) with n − 1 degrees of freedom, s the spread of the pairs'
    estimates and c the covariance that common queries give any two of them. The prediction ȳ ± t·√(s²·(1 + 1/n) + c) is
    for the estimate of one more pair. Both are intervals of one row each, without a verdict. Pairs that share a model
    or a dataset are not drawn one by one: from two datasets nothing follows for datasets in general.
In at least u of n
    The largest u with (n − u + 1)·p_(u) < α/(2·m), from the sorted one-sided p-values of the pairs, for ``higher`` and
    ``lower`` each, m being the levels, suites and budgets that are pooled. If k pairs have the effect, u > k needs that
    for some j of the n − k others q_(j) < α/(2·m·(n − k − j + 1)), which Simes' inequality bounds by α/(2·m): all of
    these statements of a study err in at most α of studies, if pairs are independent or depend positively.

Weights by inverse estimated variance are not used: with a few seeds they cover .20 to .80 where they say .95.

Source: Benjamini & Heller 2008 for u of n; Hochberg 1988 for its largest u; Simes 1986.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy import stats

from rftlab.analysis.estimator import contrast
from rftlab.analysis.primary import Comparison
from rftlab.analysis.race import VERDICTS, at_once

POOLED = {
    **{name: kind for name, kind in VERDICTS.items() if name not in ("model", "dataset")},
    **dict.fromkeys(("n_pairs", "higher_in", "lower_in"), "int64"),
    **dict.fromkeys(("general_low", "general_high", "general_p", "predicted_low", "predicted_high"), "float64"),
}
SIGNS = {"higher": 1, "lower": -1}
LEAST_PAIRS = 3
"""Fewer say nothing of pairs in general."""


def pooled(found: Sequence[Comparison], *, alpha: float, margin: float) -> list[dict[str, Any]]:
    """Rows of the table ``pooled``: every level on a suite at a budget that at least two pairs have.

    Args:
        found: of all models and datasets.
        alpha: chance of any false verdict on a mean over pairs, and of any false ``higher_in`` or ``lower_in``.
        margin: differences smaller than this do not matter, as a fraction.
    """
    groups = list(_groups(found))
    means = [_mean(group, budgets) for group, budgets in groups]
    rows = iter(at_once(means, alpha=alpha, margin=margin))
    made = []
    for (group, _), mean in zip(groups, means, strict=True):
        tests = sum(one.tested for one in means if one.variant.control == mean.variant.control)
        p = {name: [one.found.p_one_sided(sign) for one in group] for name, sign in SIGNS.items()}
        counts = {f"{name}_in": at_least(p[name], alpha / (2 * tests)) if mean.tested else 0 for name in SIGNS}
        about = {"n_pairs": len(group), **counts, **in_general(group, mean, alpha)}
        made += [next(rows) | about for _ in mean.budgets]
    return made


def at_least(p: Sequence[float], level: float) -> int:
    """In how many of n cases at least there is an effect: the largest u with (n − u + 1)·p_(u) < level; 0 for none.

    A p-value that is NaN is none.
    """
    ordered = sorted(1.0 if math.isnan(value) else value for value in p)
    return max((u for u, value in enumerate(ordered, start=1) if (len(p) - u + 1) * value < level), default=0)


def in_general(group: Sequence[Comparison], mean: Comparison, alpha: float) -> dict[str, float]:
    """Interval and p-value of the mean over all pairs there could be, and the prediction for one more; else NaN."""
    y, n = np.array([one.found.estimate for one in group]), len(group)
    common = (n**2 * mean.found.se**2 - sum(one.found.se**2 for one in group)) / (n * (n - 1))
    variance = float(y.var(ddof=1) / n + np.maximum(0.0, common))  # NaN where a pair has no standard error
    if n < LEAST_PAIRS or not variance > 0:
        return dict.fromkeys([name for name in POOLED if name.startswith(("general", "predicted"))], float("nan"))
    t, centre, error = float(stats.t.isf(alpha / 2, n - 1)), float(y.mean()), math.sqrt(variance)
    half, beyond = t * error, t * math.sqrt(variance + float(y.var(ddof=1)))
    return {
        "general_low": centre - half,
        "general_high": centre + half,
        "general_p": float(2 * stats.t.sf(abs(centre) / error, n - 1)),
        "predicted_low": centre - beyond,
        "predicted_high": centre + beyond,
    }


def _groups(found: Sequence[Comparison]) -> Iterator[tuple[list[Comparison], tuple[str, ...]]]:
    """Comparisons of one level, suite and metric in several pairs, with the budgets at which they are these."""
    by_place: dict[tuple[str, str], dict[str, list[Comparison]]] = {}
    for one in found:
        for budget in one.budgets:
            by_place.setdefault((one.variant.name, one.suite), {}).setdefault(budget, []).append(one)
    for by_budget in by_place.values():
        same: dict[tuple[int, ...], list[str]] = {}  # of the very comparisons: where equal rounds are equal rollouts
        for budget, group in by_budget.items():
            same.setdefault(tuple(map(id, group)), []).append(budget)
        for budgets in same.values():
            if len(group := by_budget[budgets[0]]) > 1:
                yield group, tuple(budgets)


def _mean(group: Sequence[Comparison], budgets: tuple[str, ...]) -> Comparison:
    """The plain mean over pairs, as a comparison of its own."""
    first = group[0]
    terms = tuple(dataclasses.replace(term, weight=term.weight / len(group)) for one in group for term in one.terms)
    alike, unsettled = all(one.inert for one in group), any(one.unsettled for one in group)
    return Comparison(None, first.variant, first.suite, first.metric, budgets, contrast(terms), alike, unsettled, terms)
