"""The probe in the report: what each variant's gradient holds, and whether that foretold what it was worth."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import pandas as pd

from rftlab.views.cells import Cell, Table
from rftlab.views.results import SUITES

Document = Mapping[str, Any]

READING = (
    "Many rollouts of fixed queries were sampled at one checkpoint, and each variant's rounds drawn from them again "
    "and again. Signal: the squared signal of a round's gradient along the many-rollout gradient, over its variance, "
    "per sampled and per trained rollout, ± its standard error over rounds; a constant factor does not change it. "
    "Cosine: of the mean gradient with the many-rollout gradient, and of an estimate from 256 sampled or 256 trained "
    "rollouts. Silent: rounds without any signal. A variant that changes anything else than advantage, "
    "aggregation, masks and numbers of rollouts is not here. In the figure a ratio is of signals per round where "
    "levels are compared at equal rounds, per sampled rollout where at equal rollouts."
)


def estimators(document: Document) -> list[tuple[str, Table]]:
    """A caption and a table for each model and dataset: a row a variant."""
    columns = ["variant", "B×n+m", "signal, sampled", "signal, trained", "cosine", "cosine, 256 sampled",
               "cosine, 256 trained", "silent"]  # fmt: skip
    found = []
    for probe in document["probes"]:
        at = {"base": "the base model", "final": "the baseline's last checkpoint"}[probe["checkpoint"]]
        caption = f"{probe['model']} × {probe['dataset']}, {at}, mean reward {probe['reward_mean']:.2f}"
        found.append((caption, Table(columns, [_row(row) for row in probe["rows"]])))
    return found


def _row(row: Document) -> list[Cell]:
    shape = f"{row['B']}×{row['n']}" + (f"+{row['m']}" if row["m"] else "")
    signal = Cell(f"{row['signal']:.2g}", row["signal"], f"± {row['signal_error']:.1g}")
    trained = Cell(f"{row['signal_trained']:.2g}", row["signal_trained"])
    cosines = [_cosine(row[key]) for key in ("cosine", "cosine_sampled", "cosine_trained")]
    silent = Cell(f"{100 * row['silent']:.0f}%", row["silent"])
    return [Cell(row["variant"], row["variant"]), Cell(shape, shape), signal, trained, *cosines, silent]


def _cosine(value: float | None) -> Cell:
    return Cell("–") if value is None else Cell(f"{value:.2f}".replace("-", "−"), value)


def ranks(document: Document) -> list[str]:
    """A sentence for each comparison: the rank correlation and its interval, or why there is none."""
    return [f"{SUITES[one['suite']]}, equal {one['budget']}: {_rank(one)}" for one in document["ranks"]]


def _rank(one: Document) -> str:
    if one["rho"] is None:
        return f"no rank correlation, {one['points']} levels can be compared."
    interval = f"[{one['low']:+.2f}, {one['high']:+.2f}]".replace("-", "−")
    rho = f"{one['rho']:+.2f}".replace("-", "−")
    return f"rank correlation of predicted and measured {rho} {interval}, {one['points']} levels."


def figure(document: Document) -> str:
    """The figure as a data URL of an SVG; what draws is imported where there is something to draw."""
    import altair as alt
    import vl_convert

    from rftlab.views.figures.style import CONFIG

    drawn = {"$schema": alt.SCHEMA_URL, "config": CONFIG} | specification(document)
    svg = vl_convert.vegalite_to_svg(drawn, allowed_base_urls=[])
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def specification(document: Document) -> dict[str, Any]:
    """Predicted ratio of signals against measured gain, a panel for each suite and budget; none at a ratio of 0."""
    import altair as alt

    from rftlab.views.figures.effects import VERDICTS
    from rftlab.views.figures.style import CHANNELS, GREY, chart, empty, grid, with_tables

    shown = [point for point in document["points"] if point["predicted"]]
    if not shown:
        return empty("There is no level that the probe can tell about and whose gain was measured.")
    table = pd.DataFrame(shown)
    table = table.assign(
        panel=table["suite"] + table["budget"],
        **{name: 100 * table[name].astype(float) for name in ("estimate", "low", "high")},
    )
    known = [name for name in VERDICTS if name in set(table["verdict"])]
    colours, shapes = ([VERDICTS[name][i] for name in known] for i in (0, 1))
    panels = []
    for suite, budget in dict.fromkeys(zip(table["suite"], table["budget"], strict=True)):
        base = chart().transform_filter(alt.FieldEqualPredicate(field="panel", equal=suite + budget))
        x = alt.X("predicted:Q", scale=alt.Scale(type="log", nice=False, padding=18), title="signal, × its reference's",
                  axis=alt.Axis(format="~g", tickCount=5))  # fmt: skip
        colour = alt.Color("verdict:N", scale=alt.Scale(domain=known, range=colours), legend=alt.Legend(title=None))
        shape = alt.Shape("verdict:N", scale=alt.Scale(domain=known, range=shapes), legend=alt.Legend(title=None))
        y = alt.Y("estimate:Q", title="gain, points")
        dots = base.mark_point(filled=True, size=75, opacity=1).encode(x=x, y=y, color=colour, shape=shape)
        bars = base.transform_filter("isValid(datum.low) && isValid(datum.high)").mark_rule()
        names = base.mark_text(align="left", dx=8, fontSize=9, color=GREY).encode(x=x, y=y, text="variant:N")
        lines = bars.encode(x=x, y=alt.Y("low:Q", title="gain, points"), y2="high:Q", color=colour)
        title = alt.Title(SUITES[suite], subtitle=f"at equal {budget}")
        panels.append(alt.layer(lines, dots, names, width=300, height=220, title=title))
    return with_tables(grid(panels, 2, shared=CHANNELS), table=table)
