"""Main effects and interactions of crossed factors, in one table for report and terminal."""

from __future__ import annotations

from typing import Any

from rftlab.runfolder.study_plan import BUDGETS, CROSS, Pair
from rftlab.views.cells import Cell, Table
from rftlab.views.results import SUITES, Panel, Results
from rftlab.views.summary import verdict_cell

READING = (
    "Points of the primary endpoint. Main effect: what a level does, on average over every value of the other crossed "
    "factors. Interaction: half of what one level does more where the other is there than where it is not. Verdicts "
    "are corrected for all effects of the study (Holm), apart from those of single levels."
)


def crossed_effects(results: Results, pair: Pair) -> Table:
    """Effects of one pair: a row per effect, main ones first, a column per suite and budget; none where none cross."""
    rows: list[Any] = list(results.of(pair, "effects").itertuples())
    there = {(row.suite, row.budget) for row in rows}
    panels = [Panel(suite, budget) for suite in SUITES for budget in BUDGETS if (suite, budget) in there]
    by_name: dict[str, dict[tuple[str, str], Any]] = {}
    for row in sorted(rows, key=lambda row: row.kind != "main effect"):
        parts = zip(str(row.factor).split(CROSS), str(row.level).split(CROSS), strict=True)
        by_name.setdefault(" x ".join("/".join(part) for part in parts), {})[row.suite, row.budget] = row
    made = [
        [
            Cell(name, name, next(iter(at.values())).kind),
            *(verdict_cell(at[panel]) if panel in at else Cell("not evaluated") for panel in panels),
        ]
        for name, at in by_name.items()
    ]
    return Table(["effect", *(panel.name for panel in panels)], made)
