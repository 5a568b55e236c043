"""Forest plot: one row per level, one panel per suite and budget, in and out of distribution one below the other."""

from __future__ import annotations

import altair as alt

from rftlab.runfolder.study_plan import Pair, PlannedVariant
from rftlab.views.figures.effects import NO_GAINS, effects, label, numbers, panel, present
from rftlab.views.figures.style import CHANNELS, Specification, empty, grid, with_tables
from rftlab.views.results import SUITES, Results


def forest(results: Results, pair: Pair) -> Specification:
    """Levels at the primary endpoint with their intervals and verdicts, in percentage points."""
    judged = results.judged(pair)
    if judged.empty:
        return empty(NO_GAINS)
    inert = results.inert(pair)
    levels = {v.name: v for v in results.levels if v.name in set(judged["variant"])}
    labels = {name: _label(v, name in inert) for name, v in levels.items()}
    controls = [name for name, v in levels.items() if v.control]
    margin = results.plan.report.equivalence_margin
    table, extent = effects(judged, controls, margin)
    table = table.assign(
        row=judged["variant"].map(labels),
        level=judged["variant"].map({name: v.label for name, v in levels.items()}),
        panel=judged["panel"],
        beside=[numbers(row) for row in judged.itertuples()],
    )
    panels = [
        panel(
            where.name, [*labels.values()], extent, present(table["verdict"]), marks=[-100 * margin, 100 * margin],
            first=i % 2 == 0, title=alt.Title(SUITES[where.suite], subtitle=f"at equal {where.budget}"),
        )
        for i, where in enumerate(results.panels(pair))
    ]  # fmt: skip
    return with_tables(grid(panels, 2, shared=CHANNELS), table=table)


def _label(variant: PlannedVariant, inert: bool) -> str:
    return label(variant.label, variant.comparison + (" · inert" if inert else ""))
