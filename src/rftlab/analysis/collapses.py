"""Collapses and divergences, apart from means: how many runs of a variant were lost, and whether more than elsewhere.

A run is lost when it diverged or collapsed in any way (:func:`rftlab.analysis.metrics.collapse`), once if both. A mean
over seeds hides that: nine good runs and a dead one are not a loss of a tenth.
"""

from __future__ import annotations

import collections
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import stats

from rftlab.runfolder.study_plan import PlannedVariant

COLLAPSES = {
    **dict.fromkeys(("model", "dataset", "variant", "factor", "level", "relative_to"), "string"),
    **dict.fromkeys(("n_runs", "n_collapsed", "n_diverged", "n_lost"), "int64"),
    **dict.fromkeys(("rate", "low", "high", "p", "p_holm"), "float64"),
}


def collapses(
    runs: Sequence[Mapping[str, Any]], variants: Sequence[PlannedVariant], *, confidence: float, tested: bool = True
) -> list[dict[str, Any]]:
    """Rows of the table ``collapses``: the lost runs of every variant, by model and dataset.

    ``rate`` is the share that was lost, with its exact interval; ``p`` is Fisher's, two-sided, of the variant's lost
    runs against its reference's; ``p_holm`` is corrected for all levels, models and datasets of the study, controls
    among themselves: where it is below 1 − confidence, a level loses more runs than its reference, or fewer. Both are
    NaN where there is no hypothesis: of the baseline, of an A/A variant, of a level whose runs are all its reference's.

    Args:
        runs: rows of the table ``runs``.
        variants: of the plan.
        confidence: coverage of the intervals.
        tested: whether p-values are computed: those of a study that has not ended would be looked at twice.

    Source: Clopper & Pearson 1934; Fisher 1922; Holm 1979.
    """
    by_place = collections.defaultdict(list)
    for run in runs:
        by_place[run["model"], run["dataset"], run["variant"]].append(run)
    counts = {place: _counts(some) for place, some in by_place.items()}
    planned = {variant.name: variant for variant in variants}
    rows: list[dict[str, Any]] = []
    families: dict[bool, dict[int, float]] = {False: {}, True: {}}
    for (model, dataset, name), count in counts.items():
        variant = planned[name]
        reference = counts.get((model, dataset, str(variant.relative_to)))
        inert = all(run["inert"] for run in by_place[model, dataset, name])
        if tested and reference is not None and not (variant.noise_floor or inert):
            families[variant.control][len(rows)] = _fisher(count, reference)
        low, high = stats.binomtest(count["n_lost"], count["n_runs"]).proportion_ci(confidence, method="exact")
        row = {"model": model, "dataset": dataset, "variant": name, "factor": variant.factor, "level": variant.level}
        row |= {"relative_to": variant.relative_to, **count, "rate": count["n_lost"] / count["n_runs"]}
        rows.append(row | {"low": low, "high": high, "p": float("nan"), "p_holm": float("nan")})
    for p in families.values():
        corrected = holm(p)
        for i, value in p.items():
            rows[i] |= {"p": value, "p_holm": corrected[i]}
    return rows


def holm(p: Mapping[int, float]) -> dict[int, float]:
    """Corrected p-values, max_{j ≤ i} min(1, (m − j + 1)·p_(j)): below α exactly where Holm's steps reject."""
    corrected, largest = {}, 0.0
    for found, key in enumerate(sorted(p, key=lambda key: p[key])):
        largest = max(largest, min(1.0, (len(p) - found) * p[key]))
        corrected[key] = largest
    return corrected


def _counts(runs: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    collapsed = [bool(run["collapse"]) for run in runs]
    diverged = [run["status"] == "diverged" for run in runs]
    lost = [any(ways) for ways in zip(collapsed, diverged, strict=True)]
    return {"n_runs": len(runs), "n_collapsed": sum(collapsed), "n_diverged": sum(diverged), "n_lost": sum(lost)}


def _fisher(count: Mapping[str, int], reference: Mapping[str, int]) -> float:
    table = np.array([[each["n_lost"], each["n_runs"] - each["n_lost"]] for each in (count, reference)])
    return float(stats.fisher_exact(table).pvalue)
