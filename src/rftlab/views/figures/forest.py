"""Forest plot: one row per level, one panel per suite and budget, in and out of distribution side by side."""

from __future__ import annotations

import altair as alt
import pandas as pd

from rftlab.runfolder.study_plan import Pair, PlannedVariant
from rftlab.views.figures.style import (
    COLOURS,
    GREY,
    INK,
    Specification,
    chart,
    domain,
    empty,
    row,
    with_tables,
    wrapped,
)
from rftlab.views.results import SUITES, Panel, Results

# colour and shape say the same, so that neither is needed
VERDICTS = {
    "higher": (COLOURS[0], "triangle-right"),
    "lower": (COLOURS[1], "triangle-left"),
    "equivalent": (COLOURS[2], "square"),
    "undecided": (GREY, "circle"),
    "too few seeds": ("#9aa1ab", "cross"),
    "no hypothesis": ("#9aa1ab", "diamond"),
}
LABEL_WIDTH = 31  # characters
PANEL_WIDTH = 165  # pixels


def forest(results: Results, pair: Pair) -> Specification:
    """Levels at the primary endpoint with their intervals and verdicts, in percentage points."""
    judged = results.judged(pair)
    if judged.empty:
        return empty("There are no marginal gains: the study has no level besides its baseline, or none was evaluated.")
    inert = results.inert(pair)
    levels = [v for v in results.levels if v.name in set(judged["variant"])]
    labels = {v.name: _label(v, v.name in inert) for v in levels}
    table = pd.DataFrame(
        {
            "row": judged["variant"].map(labels),
            "level": judged["variant"].map({v.name: v.label for v in levels}),
            "relative_to": judged["relative_to"],
            "panel": judged["panel"],
            "verdict": judged["verdict"],
            "gain": (100 * judged["estimate"]).round(3),
            "low": (100 * judged["low"]).round(3),
            "high": (100 * judged["high"]).round(3),
            "p": judged["p"].round(6),
            "detectable": (100 * judged["detectable"]).round(3),
            "seeds": judged["n_seeds"],
            "reference_seeds": judged["n_seeds_reference"],
        }
    )
    margin = 100 * results.plan.report.equivalence_margin
    extent = domain([*table["gain"], *table["low"], *table["high"], 0.0, -margin, margin])
    order = [labels[v.name] for v in levels]
    panels = [_panel(panel, order, extent, margin, first=i == 0) for i, panel in enumerate(results.panels(pair))]
    return with_tables(row(None, panels), table=table)


def _panel(
    panel: Panel, order: list[str], extent: list[float], margin: float, *, first: bool
) -> alt.LayerChart:  # fmt: skip
    axis = alt.Axis(
        title=None, labelExpr="split(datum.label, '\\n')", labels=first, ticks=False, domain=False, labelLineHeight=13,
        labelPadding=8, labelOffset=-6, grid=True,
    )  # fmt: skip
    y = alt.Y("row:N", sort=None, scale=alt.Scale(domain=order), axis=axis)
    x_axis = alt.Axis(title="points of accuracy", tickCount=5, format="+.6~g")
    x = alt.X("gain:Q", scale=alt.Scale(domain=extent, nice=False), axis=x_axis)
    names = list(VERDICTS)
    legend = alt.Legend(title=None, columns=len(names), symbolSize=90)
    colour = alt.Color("verdict:N", scale=alt.Scale(domain=names, range=[VERDICTS[n][0] for n in names]), legend=legend)
    shape = alt.Shape("verdict:N", scale=alt.Scale(domain=names, range=[VERDICTS[n][1] for n in names]), legend=legend)
    tooltip = [
        alt.Tooltip("level:N"),
        alt.Tooltip("relative_to:N", title="relative to"),
        alt.Tooltip("panel:N", title="where"),
        alt.Tooltip("gain:Q", format="+.2f", title="gain, points"),
        alt.Tooltip("low:Q", format="+.2f", title="from"),
        alt.Tooltip("high:Q", format="+.2f", title="to"),
        alt.Tooltip("verdict:N"),
        alt.Tooltip("p:Q", format=".2g"),
        alt.Tooltip("detectable:Q", format=".1f", title="would show"),
        alt.Tooltip("seeds:Q"),
        alt.Tooltip("reference_seeds:Q", title="of the reference"),
    ]
    rows = chart().transform_filter(alt.FieldEqualPredicate(field="panel", equal=panel.name))
    intervals = rows.transform_filter("isValid(datum.low) && isValid(datum.high)")
    zero = alt.Chart(alt.Data(values=[{"x": 0}])).mark_rule(color=INK, strokeWidth=1).encode(x="x:Q")
    margins = alt.Chart(alt.Data(values=[{"x": -margin}, {"x": margin}]))
    dotted = margins.mark_rule(color=GREY, strokeDash=[1, 3]).encode(x="x:Q")
    lines = intervals.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q"), x2="high:Q", y=y, color=colour, tooltip=tooltip)
    points = rows.mark_point(filled=True, size=75, opacity=1).encode(
        x=x, y=y, color=colour, shape=shape, tooltip=tooltip
    )
    height = 10 + 13 * max(label.count("\n") + 1 for label in order)
    title = alt.Title(SUITES[panel.suite], subtitle=f"at equal {panel.budget}")
    return alt.layer(
        dotted, zero, lines, points,
        width=PANEL_WIDTH, height=alt.Step(height), title=title,
    )  # fmt: skip


def _label(variant: PlannedVariant, inert: bool) -> str:
    comparison = variant.comparison + (" · inert" if inert else "")
    return "\n".join(wrapped(variant.label, LABEL_WIDTH) + wrapped(comparison, LABEL_WIDTH))
