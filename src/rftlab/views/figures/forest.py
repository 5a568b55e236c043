"""Forest plot: one row per level, one panel per evaluation set, in- and out-of-distribution side by side."""

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
from rftlab.views.results import ReportedSet, Results

# colour and shape say the same, so that neither is needed
VERDICTS = {
    "higher": (COLOURS[0], "triangle-right"),
    "lower": (COLOURS[1], "triangle-left"),
    "equivalent": (COLOURS[2], "square"),
    "undecided": (GREY, "circle"),
    "too few seeds": ("#9aa1ab", "cross"),
}
LABEL_WIDTH = 31  # characters
PANEL_WIDTH = 165  # pixels


def forest(results: Results, pair: Pair) -> Specification:
    """Marginal gains at the primary metric with their intervals, in percentage points."""
    gains = results.gains(pair)
    if gains.empty:
        return empty("There are no marginal gains: the study has no level besides its baseline, or none was evaluated.")
    inert = results.inert(pair)
    levels = [v for v in results.levels if v.name in set(gains["variant"])]
    labels = {v.name: _label(v, v.name in inert) for v in levels}
    table = pd.DataFrame(
        {
            "row": gains["variant"].map(labels),
            "level": gains["variant"].map({v.name: v.label for v in levels}),
            "relative_to": gains["relative_to"],
            "evaluation_set": gains["evaluation_set"],
            "verdict": gains["verdict"],
            "noise_floor": gains["variant"].isin([v.name for v in levels if v.noise_floor]),
            "gain": (100 * gains["estimate"]).round(3),
            "low": (100 * gains["low"]).round(3),
            "high": (100 * gains["high"]).round(3),
            "p_holm": gains["p_holm"].round(5),
            "seeds": gains["n_seeds"],
            "queries": gains["n_queries"],
        }
    )
    margin = 100 * results.plan.report.equivalence_margin
    extent = domain([*table["gain"], *table["low"], *table["high"], 0.0, -margin, margin])
    sets = [s for s in results.evaluation_sets(pair) if s.name in set(table["evaluation_set"])]
    order = [labels[v.name] for v in levels]
    kinds = [wrapped(s.kind, 28) for s in sets]
    depth = max(map(len, kinds))
    panels = [
        _panel(s, order, extent, margin, first=i == 0, subtitle=kind + [""] * (depth - len(kind)))
        for i, (s, kind) in enumerate(zip(sets, kinds, strict=True))
    ]
    return with_tables(row(None, panels), table=table)


def _panel(
    evaluation_set: ReportedSet, order: list[str], extent: list[float], margin: float, *,
    first: bool, subtitle: list[str],
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
        alt.Tooltip("evaluation_set:N", title="evaluation set"),
        alt.Tooltip("gain:Q", format="+.2f", title="gain, points"),
        alt.Tooltip("low:Q", format="+.2f", title="from"),
        alt.Tooltip("high:Q", format="+.2f", title="to"),
        alt.Tooltip("verdict:N"),
        alt.Tooltip("p_holm:Q", format=".3f", title="p (Holm)"),
        alt.Tooltip("seeds:Q"),
        alt.Tooltip("queries:Q"),
    ]
    rows = chart().transform_filter(alt.FieldEqualPredicate(field="evaluation_set", equal=evaluation_set.name))
    intervals = rows.transform_filter("isValid(datum.low) && isValid(datum.high)")
    noise = intervals.transform_filter("datum.noise_floor").mark_rect(color="#e9ebef")
    zero = alt.Chart(alt.Data(values=[{"x": 0}])).mark_rule(color=INK, strokeWidth=1).encode(x="x:Q")
    margins = alt.Chart(alt.Data(values=[{"x": -margin}, {"x": margin}]))
    dotted = margins.mark_rule(color=GREY, strokeDash=[1, 3]).encode(x="x:Q")
    lines = intervals.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q"), x2="high:Q", y=y, color=colour, tooltip=tooltip)
    points = rows.mark_point(filled=True, size=75, opacity=1).encode(
        x=x, y=y, color=colour, shape=shape, tooltip=tooltip
    )
    height = 10 + 13 * max(label.count("\n") + 1 for label in order)
    title = alt.Title(evaluation_set.name, subtitle=subtitle)
    return alt.layer(
        noise.encode(x="low:Q", x2="high:Q"), dotted, zero, lines, points,
        width=PANEL_WIDTH, height=alt.Step(height), title=title,
    )  # fmt: skip


def _label(variant: PlannedVariant, inert: bool) -> str:
    comparison = variant.comparison + (" · inert" if inert else "")
    return "\n".join(wrapped(variant.label, LABEL_WIDTH) + wrapped(comparison, LABEL_WIDTH))
