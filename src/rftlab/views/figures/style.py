"""How every chart looks: palette, type, margins, and the grid of panels that the report lays out anew on a phone."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import altair as alt
import pandas as pd

# Okabe & Ito (2008), told apart with any colour vision; its yellow is too pale for a line on white and left out
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
INK, GREY, PALE = "#1f2328", "#6b7280", "#d9dde3"
TABLE = "table"
CHANNELS = ("color", "strokeDash", "shape")  # those with a legend
Specification: TypeAlias = dict[str, Any]
Panel: TypeAlias = alt.Chart | alt.LayerChart
FONT = "Arial, sans-serif"

CONFIG: dict[str, Any] = {
    "font": FONT,
    "background": "white",
    "aria": False,  # a label on every mark would double the size; the report gives each chart one description
    "padding": 8,
    "view": {"stroke": PALE},
    "axis": {
        "labelColor": INK,
        "titleColor": INK,
        "labelFontSize": 11,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "gridColor": "#eceff3",
        "domainColor": PALE,
        "tickColor": PALE,
        "labelLimit": 0,
        "titleLimit": 0,
    },
    "legend": {
        "orient": "top",
        "offset": 6,
        "columns": 4,
        "labelLimit": 0,
        "titleLimit": 0,
        "labelFontSize": 11,
        "labelColor": INK,
        "symbolStrokeWidth": 2.5,
        "symbolOpacity": 1,
    },
    "title": {
        "anchor": "start",
        "color": INK,
        "fontSize": 12,
        "subtitleColor": GREY,
        "subtitleFontSize": 11,
        "limit": 0,
        "frame": "group",
    },
    "concat": {"spacing": 14},
    "line": {"strokeWidth": 2},
}


def wrapped(text: str, width: int) -> list[str]:
    """Lines of at most ``width`` characters; names without spaces are broken too."""
    return textwrap.wrap(text, width) or [""]


def domain(values: Iterable[float], *, floor: float | None = None, ceiling: float | None = None) -> list[float]:
    """Extent of the finite values with a twelfth of room on both sides, inside ``floor`` and ``ceiling``."""
    finite = [v for v in map(float, values) if v == v and abs(v) != float("inf")]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    room = (high - low) / 12 or 0.02
    low, high = low - room, high + room
    return [
        round(max(low, floor) if floor is not None else low, 6),
        round(min(high, ceiling) if ceiling is not None else high, 6),
    ]


def chart(table: str = TABLE) -> alt.Chart:
    """A chart of a table that :func:`with_tables` adds: panels share their data by name."""
    return alt.Chart(alt.NamedData(table))


def grid(
    panels: Sequence[Panel], columns: int, title: str | None = None, *, shared: Sequence[str] = ()
) -> Specification:
    """Panels side by side, ``columns`` to a row, with one scale and legend for the channels in ``shared``.

    A specification and no Altair object: Altair would copy and validate everything in it again, a minute for a report.
    """
    resolve = {c: "shared" if c in shared else "independent" for c in (*CHANNELS, "x", "y")}
    grid = {"concat": [plain(panel) for panel in panels], "columns": columns, "spacing": 14}
    legends = {c: how for c, how in resolve.items() if c in CHANNELS}
    grid |= {"resolve": {"scale": resolve, "legend": legends}}
    return grid | ({"title": {"text": title, "anchor": "start", "fontSize": 13, "offset": 6}} if title else {})


def row(title: str | None, panels: Sequence[Panel]) -> Specification:
    """Panels in one row under one heading and one legend; the report breaks the row where it does not fit."""
    return grid(panels, len(panels), title, shared=CHANNELS)


def column(rows: Sequence[Specification]) -> Specification:
    """Rows below one another, each with its own legend."""
    independent = dict.fromkeys(CHANNELS, "independent")
    return {"vconcat": list(rows), "spacing": 26, "resolve": {"scale": independent, "legend": independent}}


def with_tables(specification: Specification, **tables: pd.DataFrame) -> Specification:
    """Add the data that the panels name; a missing value is null."""
    datasets = {name: json.loads(table.to_json(orient="records")) for name, table in tables.items()}
    return specification | {"datasets": datasets}


def empty(reason: str) -> Specification:
    """A chart that has nothing to show, and says why."""
    lines = wrapped(reason, 60)
    text = alt.Chart(alt.Data(values=[{"reason": lines}])).mark_text(fontSize=13, color=GREY, lineHeight=18)
    return plain(text.encode(text="reason:N").properties(width=420, height=60 + 18 * len(lines)))


def plain(panel: Panel) -> Specification:
    """A panel as a part of a specification."""
    specification: Specification = panel.to_dict(validate=False)
    return {key: value for key, value in specification.items() if key not in ("$schema", "config")}
