"""Overview: every level in and out of distribution of every model × dataset, as a table in colour."""

from __future__ import annotations

import altair as alt
import pandas as pd

from rftlab.runfolder.study_plan import Pair
from rftlab.views.figures.style import COLOURS, INK, Specification, chart, empty, grid, with_tables
from rftlab.views.results import Results

CELL = 62  # pixels


def overview(results: Results) -> Specification:
    """Marginal gains at the primary metric in percentage points; blue is higher, orange lower, one scale for all."""
    tables = {pair: _table(results, pair) for pair in results.pairs}
    tables = {pair: table for pair, table in tables.items() if not table.empty}
    if not tables:
        return empty("There are no marginal gains: the study has no level besides its baseline, or none was evaluated.")
    limit = max(1.0, max(float(table["gain"].abs().max()) for table in tables.values()))
    order = [v.label for v in results.levels]
    panels = []
    for pair, table in tables.items():
        levels = [label for label in order if label in set(table["level"])]
        sets = [panel.name for panel in results.panels(pair)]
        panel = _panel(str(pair), levels, sets, limit)
        panels.append(panel.properties(title=str(pair)) if len(tables) > 1 else panel)
    return with_tables(grid(panels, min(2, len(panels)), shared=["color"]), **{str(p): t for p, t in tables.items()})


def _table(results: Results, pair: Pair) -> pd.DataFrame:
    judged = results.judged(pair)
    return pd.DataFrame(
        {
            "level": judged["variant"].map({v.name: v.label for v in results.levels}),
            "relative_to": judged["relative_to"],
            "panel": judged["panel"],
            "gain": (100 * judged["estimate"]).round(2),
            "verdict": judged["verdict"],
            "clear": judged["verdict"].isin(["higher", "lower"]),
        }
    )


def _panel(table: str, levels: list[str], sets: list[str], limit: float) -> alt.LayerChart:
    x_axis = alt.Axis(title=None, orient="top", labelAngle=-35, labelAlign="left", domain=False, ticks=False)
    y_axis = alt.Axis(title=None, domain=False, ticks=False, labelPadding=6)
    ramp = alt.Scale(domain=[-limit, 0, limit], range=[COLOURS[1], "#ffffff", COLOURS[0]], interpolate="rgb")
    legend = alt.Legend(
        title="gain, points of accuracy", orient="bottom", gradientLength=180, format="+.3~g", titleFontWeight="normal"
    )
    cells = chart(table).encode(
        x=alt.X("panel:N", sort=None, scale=alt.Scale(domain=sets), axis=x_axis),
        y=alt.Y("level:N", sort=None, scale=alt.Scale(domain=levels), axis=y_axis),
        tooltip=[
            alt.Tooltip("level:N"),
            alt.Tooltip("relative_to:N", title="relative to"),
            alt.Tooltip("panel:N", title="where"),
            alt.Tooltip("gain:Q", format="+.2f", title="gain, points"),
            alt.Tooltip("verdict:N"),
        ],
    )
    colour = cells.mark_rect(stroke="white", strokeWidth=2).encode(color=alt.Color("gain:Q", scale=ramp, legend=legend))
    frame = cells.transform_filter("datum.clear").mark_rect(filled=False, stroke=INK, strokeWidth=1.5)
    strong = f"abs(datum.gain) > {0.6 * limit:.4f}"
    text = cells.mark_text(fontSize=11).encode(
        text=alt.Text("gain:Q", format="+.1f"),
        color=alt.condition(strong, alt.value("white"), alt.value(INK)),
        tooltip=alt.Tooltip("verdict:N"),
    )
    bold = text.transform_filter("datum.clear").mark_text(fontSize=11, fontWeight="bold")
    plain = text.transform_filter("!datum.clear")
    return alt.layer(colour, frame, plain, bold, width=alt.Step(CELL), height=alt.Step(24))
