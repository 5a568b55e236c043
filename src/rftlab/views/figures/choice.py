"""Curves by comparison: a level and its reference, two lines in a panel, never more.

A drawing is of small multiples: the comparisons with a finding, or the first few, against rounds. In the report one
comparison is chosen from the list of all, and what it is drawn against: the specification's ``usermeta`` has that list
and the panels, and the report's script (``report.choice.js``) puts the two together. What is the same number throughout
a comparison is no curve: it has no panel, and the report says so in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import pandas as pd

from rftlab.runfolder.study_plan import Pair
from rftlab.views.comparisons import Comparison, comparisons
from rftlab.views.figures.style import (
    COLOURS,
    GREY,
    INK,
    Specification,
    chart,
    column,
    domain,
    empty,
    grid,
    plain,
    row,
    with_tables,
    wrapped,
)
from rftlab.views.results import Results

BUDGETS = {"round": "rounds", "rollouts": "rollouts sampled", "tokens": "tokens sampled"}
LEAST, MOST = 6, 12  # comparisons in a drawing with one panel each; those with a finding may fill it
ROWS = 6  # and in one with a row of panels each
COLUMNS = 3
WIDTH, NARROW = 290, 150  # of a panel, in pixels
HEIGHT = 130
LETTER = 6.6  # pixels that a letter of a heading takes, at most
LABEL = "format(datum.value, '~s')"  # of one tick alone, else a zero among thousands is "0k"
NO_LEVELS = "The study has no level besides its baseline."
ROLES = ["level", "reference"]


@dataclass(frozen=True)
class Curve:
    """What one panel of every comparison shows: a column of the table, on the rows of ``evaluation_set`` if given.

    ``band`` draws the columns low to high behind the line, ``dots`` the values themselves, ``zero`` a line at zero;
    one that is ``alone`` needs no heading.
    """

    name: str
    field: str
    unit: str
    format: str
    floor: float | None = None
    ceiling: float | None = None
    evaluation_set: str | None = None
    note: str = ""
    band: bool = False
    dots: bool = False
    zero: bool = False
    alone: bool = False

    def of(self, table: pd.DataFrame) -> pd.DataFrame:
        """The rows that it is drawn from."""
        rows = table if self.evaluation_set is None else table[table["evaluation_set"] == self.evaluation_set]
        return rows[rows[self.field].notna()]

    def values(self, table: pd.DataFrame) -> list[float]:
        """All that is drawn of a table."""
        rows = self.of(table)
        return [
            float(value) for field in (self.field, *(("low", "high") if self.band else ())) for value in rows[field]
        ]

    def extent(self, table: pd.DataFrame) -> list[float]:
        """Of its y-axis."""
        return domain([*self.values(table), *([0.0] if self.zero else [])], floor=self.floor, ceiling=self.ceiling)


def by_comparison(results: Results, pair: Pair, table: pd.DataFrame, curves: Sequence[Curve]) -> Specification:
    """Drawing and choice of curves.

    Args:
        table: by ``variant``, a label, with the columns of ``BUDGETS`` and those that the curves name.
        curves: panels of every comparison, in order.
    """
    found = comparisons(results, pair)
    shown = [(c, [curve for curve in curves if len(set(curve.values(_rows(table, c)))) > 1]) for c in found]
    drawn = [(comparison, some) for comparison, some in shown if some]
    if not drawn:
        return empty("Each of these is the same number throughout." if shown else NO_LEVELS)
    menu = [
        {
            "name": comparison.level.name,
            "label": comparison.label,
            "group": comparison.group,
            "level": comparison.level.label,
            "reference": comparison.reference.label,
            "panels": [curve.name for curve in some],
            "constant": [_constant(curve, curve.of(_rows(table, comparison))) for curve in curves if curve not in some],
        }
        for comparison, some in shown
    ]
    panels = {x: {curve.name: plain(_panel(curve, x)) for curve in curves} for x in BUDGETS}
    drawing = _one_each(drawn, table) if len(curves) == 1 else _row_each(drawn[:ROWS], table)
    usermeta = {"comparisons": menu, "budgets": [list(budget) for budget in BUDGETS.items()], "panels": panels}
    return with_tables(drawing, table=table) | {"usermeta": usermeta}


def _rows(table: pd.DataFrame, *those: Comparison) -> pd.DataFrame:
    return table[table["variant"].isin([v.label for c in those for v in (c.level, c.reference)])]


def _constant(curve: Curve, rows: pd.DataFrame) -> str:
    """What there is no curve of, and why."""
    return f"{curve.name}: {rows[curve.field].iloc[0]:.4g} {curve.unit}" if len(rows) else f"{curve.name}: no values"


def _one_each(drawn: Sequence[tuple[Comparison, list[Curve]]], table: pd.DataFrame) -> Specification:
    """A panel for every comparison with a finding, or for the first few."""
    found = sum(comparison.found for comparison, _ in drawn)
    drawn = drawn[: max(LEAST, min(found, MOST))]
    curve = drawn[0][1][0]
    extent = curve.extent(_rows(table, *(comparison for comparison, _ in drawn)))
    panels = [
        _panel(curve, "round", c, extent=extent).properties(
            title=_title(c.level.label, f"vs {c.reference.label}", WIDTH)
        )
        for c, _ in drawn
    ]
    return grid(panels, COLUMNS, shared=("color", "strokeDash"))


def _row_each(drawn: Sequence[tuple[Comparison, list[Curve]]], table: pd.DataFrame) -> Specification:
    """A row for every comparison; a curve has the same extent in all of them."""
    rows = _rows(table, *(comparison for comparison, _ in drawn))
    extents = {curve.name: curve.extent(rows) for _, some in drawn for curve in some}
    return column([
        row(c.label, [_panel(curve, "round", c, extent=extents[curve.name], width=NARROW) for curve in some])
        for c, some in drawn
    ])  # fmt: skip


def _title(text: str, note: str, width: int) -> alt.Title:
    """A heading no wider than its panel."""
    lines = wrapped(text, int(width / LETTER))
    return alt.Title(lines, subtitle=wrapped(note, int(width / LETTER))) if note else alt.Title(lines)


def _panel(
    curve: Curve, x: str, comparison: Comparison | None = None, *,
    extent: list[float] | None = None, width: int = WIDTH,
) -> alt.LayerChart:  # fmt: skip
    """One panel; without a comparison its rows are those of one, with the column ``role``."""
    rows = chart()
    if comparison is not None:
        names = [comparison.level.label, comparison.reference.label]
        role = alt.expr.if_(alt.datum.variant == names[0], *ROLES)
        rows = rows.transform_filter(alt.FieldOneOfPredicate("variant", names)).transform_calculate(role=role)
    if curve.evaluation_set is not None:
        rows = rows.transform_filter(alt.FieldEqualPredicate(field="evaluation_set", equal=curve.evaluation_set))
    legend = alt.Legend(title=None, symbolType="stroke", symbolSize=260) if comparison else None
    scale = alt.Scale(domain=extent, nice=False, zero=False) if extent else alt.Scale(zero=False)
    base = rows.transform_filter(f"isValid(datum.{curve.field})").encode(
        x=alt.X(
            f"{x}:Q",
            scale=alt.Scale(nice=False, zero=False),
            axis=alt.Axis(title=BUDGETS[x], tickCount=4, labelExpr=LABEL),
        ),
        color=alt.Color("role:N", scale=alt.Scale(domain=ROLES, range=[COLOURS[0], INK]), legend=legend),
        tooltip=[
            alt.Tooltip("variant:N"),
            *(alt.Tooltip(f"{field}:Q", title=title, format=",.0f") for field, title in BUDGETS.items()),
            alt.Tooltip(f"{curve.field}:Q", title=curve.unit, format=curve.format),
        ],
    )
    value = alt.Y(f"{curve.field}:Q", scale=scale, axis=alt.Axis(title=curve.unit, tickCount=4, format=curve.format))
    dash = alt.StrokeDash("role:N", scale=alt.Scale(domain=ROLES, range=[[1, 0], [4, 2]]), legend=legend)
    layers = [base.mark_line().encode(y=value, strokeDash=dash)]
    if curve.dots:
        layers.append(base.mark_point(filled=True, size=22, opacity=1).encode(y=value))
    if curve.band:
        band = base.mark_area(opacity=0.13, tooltip=None)
        layers.insert(0, band.encode(y=alt.Y("low:Q", scale=scale), y2="high:Q"))
    if curve.zero:
        zero = alt.Chart(alt.Data(values=[{"y": 0}])).mark_rule(color=GREY, strokeWidth=1)
        layers.insert(0, zero.encode(y=alt.Y("y:Q", scale=scale)))
    title = alt.Undefined if curve.alone else _title(curve.name, curve.note, width)
    return alt.layer(*layers, width=width, height=HEIGHT, title=title)
