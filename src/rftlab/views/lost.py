"""Runs that collapsed or diverged, in one table for report and terminal; nothing where none did."""

from __future__ import annotations

from typing import Any

import pandas as pd

from rftlab.views.cells import Cell, Table
from rftlab.views.results import Results


def lost_runs(results: Results) -> Table:
    """The variants that lost runs, or significantly fewer than their reference: a row each, in the plan's order."""
    alpha, several = 1 - results.plan.report.confidence, len(results.pairs) > 1
    labels = {v.name: v.label for v in results.variants}
    rows = []
    for pair in results.pairs:
        of_pair: dict[str, Any] = {str(row.variant): row for row in results.of(pair, "collapses").itertuples()}
        for name, row in ((name, of_pair[name]) for name in labels if name in of_pair):
            if row.n_lost or row.p_holm < alpha:
                place = [Cell(f"{pair.model} x {pair.dataset}")] if several else []
                counts = [Cell(f"{number}", number) for number in (row.n_collapsed, row.n_diverged)]
                rows.append(
                    [*place, Cell(labels[name], labels[name]), *counts, _share(row), _against(row, of_pair, alpha)]
                )
    return Table(
        [*(["model x dataset"] if several else []), "variant", "collapsed", "diverged", "lost", "against"], rows
    )


def reading(results: Results) -> str:
    """What the numbers are."""
    confidence = 100 * results.plan.report.confidence
    return (
        "Lost runs: collapsed (nothing correct, no entropy, or all truncated, in the last fifth of the rounds and not "
        f"before) or diverged; [exact {confidence:g}% interval]. Means do not show them. p: Fisher's exact test "
        "against the reference, corrected for all levels of the study (Holm)."
    )


def _share(row: Any) -> Cell:
    interval = f"[{100 * row.low:.0f}, {100 * row.high:.0f}]%"
    return Cell(f"{row.n_lost} of {row.n_runs}", float(row.rate), interval)


def _against(row: Any, of_pair: dict[str, Any], alpha: float) -> Cell:
    if row.relative_to not in of_pair:
        return Cell("")
    reference = of_pair[row.relative_to]
    told = f"{reference.n_lost} of {reference.n_runs}, {row.relative_to}"
    if pd.isna(row.p):
        return Cell(told, note="not tested")
    verdict = f"{'more' if row.rate > reference.rate else 'fewer'} than that, " if row.p_holm < alpha else ""
    return Cell(told, float(row.p_holm), f"{verdict}p = {row.p_holm:.2g}")
