"""The laboratory's charts: a field of colours for each shape of rounds, a level to a row."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import altair as alt
import pandas as pd
import vl_convert

from rftlab.files import write_text
from rftlab.views.bandit.page import SIGNAL, SILENT
from rftlab.views.bandit.rows import Of, Rows, shape_text
from rftlab.views.figures.style import COLOURS, CONFIG, INK, Specification, chart, grid, with_tables

SIDE = 34  # pixels of a field
SIGNAL_CHART, SILENT_CHART = "bandit-signal.svg", "bandit-silent.svg"


def charts(rows: Rows) -> dict[str, Specification]:
    """Vega-Lite specifications by the name of their file."""
    signals = alt.Scale(domain=[-2, 0, 2], range=[COLOURS[1], "#ffffff", COLOURS[0]], clamp=True, interpolate="rgb")
    shares = alt.Scale(domain=[0, 1], range=["#ffffff", COLOURS[1]], interpolate="rgb")
    return {
        SIGNAL_CHART: fields(
            rows, SIGNAL, signals, "Signal per sampled rollout, in units of the raw reward's with one rollout a query",
            lambda level, of, success: _signal(rows, level, of, success),
        ),
        SILENT_CHART: fields(
            rows, SILENT, shares, "Rounds without signal, in percent",
            lambda level, of, success: _share(rows.at(level, of, success)["silent"]),
        ),
    }  # fmt: skip


def fields(
    rows: Rows,
    shapes: Sequence[Of],
    colours: alt.Scale,
    title: str,
    cell: Callable[[str, Of, str], tuple[float, str] | None],
) -> Specification:
    """A panel for each shape; ``cell`` gives what colours a field and what is written in it."""
    table = pd.DataFrame(
        [
            {"shape": shape_text(of), "level": level, "success": success, "value": shown[0], "text": shown[1]}
            for of in shapes
            for level in rows.levels
            for success in rows.successes
            if (shown := cell(level, of, success)) is not None
        ]
    )
    panels = []
    for i, of in enumerate(shapes):
        base = chart().transform_filter(alt.FieldEqualPredicate(field="shape", equal=shape_text(of)))
        axis = alt.Axis(title=None, ticks=False, domain=False, labels=i == 0)
        base = base.encode(
            x=alt.X("success:N", sort=None, scale=alt.Scale(domain=rows.successes), title="success rate",
                    axis=alt.Axis(labelAngle=0, ticks=False, domain=False)),
            y=alt.Y("level:N", sort=None, scale=alt.Scale(domain=rows.levels), axis=axis),
        )  # fmt: skip
        shaded = base.mark_rect().encode(color=alt.Color("value:Q", scale=colours, legend=None))
        written = base.mark_text(fontSize=10, color=INK).encode(text="text:N")
        size = {"width": SIDE * len(rows.successes), "height": alt.Step(SIDE * 0.55)}
        panels.append(alt.layer(shaded, written, title=shape_text(of), **size))
    return with_tables(grid(panels, len(shapes), title), table=table)


def write(specification: Specification, path: Path) -> None:
    """Draw one chart."""
    drawn = {"$schema": alt.SCHEMA_URL, "config": CONFIG} | specification
    write_text(path, vl_convert.vegalite_to_svg(drawn, allowed_base_urls=[]))


def _signal(rows: Rows, level: str, of: Of, success: str) -> tuple[float, str] | None:
    found = rows.relative_signal(level, of, success)
    if found is None:
        return None
    return math.log2(found[0]) if found[0] > 0 else -9.0, f"{found[0]:.2f}" if found[0] < 9.95 else f"{found[0]:.0f}"


def _share(value: float | None) -> tuple[float, str] | None:
    return None if value is None else (value, f"{100 * value:.0f}")
