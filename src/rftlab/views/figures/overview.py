"""Overview: every level by its effect, in and out of distribution; what is decided in colour, the rest in grey."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from rftlab.runfolder.study_plan import BASELINE, BUDGETS, UNSAID, PlannedVariant
from rftlab.views.cells import points
from rftlab.views.figures.effects import (
    HIDDEN,
    NO_GAINS,
    VERDICTS,
    effects,
    label,
    panel,
    present,
    would_show,
    would_show_from,
)
from rftlab.views.figures.style import Specification, empty, row, with_tables
from rftlab.views.results import SUITES, Results


def overview(results: Results) -> Specification:
    """Levels ranked by their effect at the primary endpoint, in points; of several pairs, a point for each.

    The rank is by the effect in distribution at equal rounds, the mean over pairs; A/A and controls come last. Other
    budgets, where they are another comparison, are the rows below.
    """
    judged = results.hypotheses()
    if judged.empty:
        return empty(NO_GAINS)
    several, levels = len(results.pairs) > 1, {v.name: v for v in results.levels}
    controls = [name for name, v in levels.items() if v.control]
    table, extent = effects(judged, controls, results.plan.report.equivalence_margin, intervals=not several)
    second = judged["budgets"] != judged.groupby(["variant", "suite"])["budgets"].transform("first")
    labels = [
        f"{name}{HIDDEN}at equal {budgets}" if below else _label(levels[name])
        for name, budgets, below in zip(judged["variant"], judged["budgets"], second, strict=True)
    ]
    table = table.assign(
        row=labels,
        level=judged["variant"].map({name: v.label for name, v in levels.items()}),
        panel=judged["suite"].map(SUITES),
        pair=judged["pair"],
    )
    beside = {place: _beside(here) for place, here in judged.groupby([table["row"], table["panel"]])}
    places = pd.Series([*zip(table["row"], table["panel"], strict=True)], index=table.index)
    table["beside"] = places.map(beside).where(~places.duplicated(), "")
    table["decided"] = table.groupby(["row", "panel"])["decided"].transform("any")
    order = sorted(dict.fromkeys(labels), key=_ranks(judged, labels, second, levels).__getitem__)
    marks = [sign * 100 * results.plan.report.equivalence_margin for sign in (-1, 1)]
    panels = [
        panel(where, order, extent, present(table["verdict"]), marks=marks, first=i == 0, title=where, several=several)
        for i, where in enumerate(dict.fromkeys(sorted(table["panel"])))
    ]
    return with_tables(row(None, panels), table=table)


def _ranks(
    judged: pd.DataFrame, labels: Sequence[str], second: pd.Series, levels: Mapping[str, PlannedVariant]
) -> dict[str, Any]:
    """By label: controls and A/A last, then the largest gain first; the rows of a level stay together, rounds first."""
    leading = judged[~second].sort_values("suite", kind="stable")
    gains = leading.groupby(["variant", "suite"])["estimate"].mean().groupby("variant").first()
    return {
        text: (
            levels[name].control,
            levels[name].noise_floor,
            -gains[name],
            name,
            BUDGETS.index(budgets) if below else 0,
        )
        for text, name, budgets, below in zip(labels, judged["variant"], judged["budgets"], second, strict=True)
    }


def _label(variant: PlannedVariant) -> str:
    """Its name, and below it what it is compared with where that is not the baseline."""
    return label(variant.label, *([] if variant.relative_to == BASELINE else [variant.comparison]))


def _beside(rows: pd.DataFrame) -> str:
    """What is said of one row; of several pairs, in how many, and which effect would have shown in all."""
    if len(rows) == 1:
        only: Any = next(rows.itertuples())
        said = "" if only.verdict in UNSAID else f" {only.verdict}"
        return f"{points(only.estimate)}{said}{would_show(only)}"
    counts = rows["verdict"].value_counts()
    told = ", ".join(f"{counts[name]} {name}" for name in VERDICTS if name in counts and name not in UNSAID)
    return told + (would_show_from(rows["detectable"].max()) if "undecided" in counts else "")
