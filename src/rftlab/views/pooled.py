"""What levels did over several pairs of model and dataset, in one table for report and terminal."""

from __future__ import annotations

from typing import Any

import pandas as pd

from rftlab.runfolder.study_plan import BUDGETS, UNSAID
from rftlab.views.cells import Cell, Table, points
from rftlab.views.results import Results


def over_pairs(results: Results) -> Table:
    """A row for every level and suite at each budget, or at both where they are the same; none for one pair alone."""
    by_level: dict[str, dict[tuple[Any, ...], tuple[Any, list[str]]]] = {}
    for row in results.named(results.pooled).itertuples():
        same = by_level.setdefault(str(row.variant), {})
        same.setdefault((row.suite, row.estimate, row.low, row.n_pairs), (row, []))[1].append(str(row.budget))
    rows = [
        [
            Cell(v.label, v.label, v.comparison),
            Cell(where := f"{row.suite}, equal {' and '.join(sorted(budgets, key=BUDGETS.index))}", where),
            _over(row),
            _interval(row.general_low, row.general_high),
            _interval(row.predicted_low, row.predicted_high),
            _count(row),
        ]
        for v in results.levels
        for row, budgets in by_level.get(v.name, {}).values()
    ]
    return Table(["level", "where", "over these pairs", "in general", "one more pair", "pairs"], rows)


def reading(results: Results) -> str:
    """What the numbers are."""
    report = results.plan.report
    error, confidence = f"{100 * (1 - report.confidence):g}%", f"{100 * report.confidence:g}%"
    return (
        f"Points of {results.primary}. Over these pairs: their plain mean, [{confidence} interval]; verdicts are "
        "corrected for all that is pooled (Holm), as those of single pairs are among themselves. In general: the "
        "interval of the mean of all pairs that these could have been drawn from, and the prediction for one more "
        "pair, both without verdicts; two datasets do not stand for datasets in general. Pairs: in how many at least "
        f"there is an effect of that sign; any of these is too many in at most {error} of studies."
    )


def _over(row: Any) -> Cell:
    interval = _interval(row.low, row.high)
    told = [interval.text, f"would show ≥ {100 * row.detectable:.1f}"][: 1 + (row.verdict == "undecided")]
    verdict = "" if row.verdict in UNSAID else f" {row.verdict}"
    return Cell(f"{points(row.estimate)}{verdict}", float(row.estimate), ", ".join(told), verdict.strip())


def _count(row: Any) -> Cell:
    counts = {sign: count for sign, count in (("higher", row.higher_in), ("lower", row.lower_in)) if count}
    told = [f"{sign} in ≥ {count} of {row.n_pairs}" for sign, count in counts.items()]
    return Cell(", ".join(told) or "–", int(row.higher_in - row.lower_in))


def _interval(low: float, high: float) -> Cell:
    return Cell("no interval") if pd.isna(low) else Cell(f"[{points(low)}, {points(high)}]", float(low))
