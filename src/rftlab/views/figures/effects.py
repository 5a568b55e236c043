"""How effects are drawn: a row each, its interval, its verdict in colour and shape, and its numbers beside it.

The axis is scaled by the study's own levels. A control, which may be far lower than all of them, ends in an arrow where
the axis ends; its number stands beside it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import altair as alt
import pandas as pd

from rftlab.runfolder.study_plan import DECIDED
from rftlab.views.cells import points
from rftlab.views.figures.style import COLOURS, GREY, INK, chart, domain, wrapped

# colour and shape say the same, so that neither is needed
VERDICTS = {
    "higher": (COLOURS[0], "triangle-right"),
    "lower": (COLOURS[1], "triangle-left"),
    "equivalent": (COLOURS[2], "square"),
    "undecided": (GREY, "circle"),
    "running": (GREY, "triangle-up"),
    "too few seeds": ("#9aa1ab", "cross"),
    "no hypothesis": ("#9aa1ab", "diamond"),
}
HIDDEN = "\t"  # what stands before it in a row's label sets it apart and is not shown
ARROWS = {"below": "M0.9,-0.9L0,0L0.9,0.9", "above": "M-0.9,-0.9L0,0L-0.9,0.9"}  # paths, in half a point's size
LABEL_WIDTH = 31  # characters
WIDTH = 300  # pixels of a panel, without the numbers beside it
NO_GAINS = "There are no marginal gains: the study has no level besides its baseline, or none was evaluated."


def effects(
    judged: pd.DataFrame, controls: Collection[str], margin: float, *, intervals: bool = True
) -> tuple[pd.DataFrame, list[float]]:
    """Rows of a chart in points of accuracy, and the extent of its axis; ``margin`` is a fraction.

    ``at``, ``from`` and ``to`` are the gain and its interval as far as the axis goes; ``below`` and ``above`` say that
    they go on; ``at`` is missing where the gain itself lies beyond.
    """
    table = pd.DataFrame(
        {
            "relative_to": judged["relative_to"],
            "verdict": judged["verdict"],
            "decided": judged["verdict"].isin(DECIDED),
            "gain": (100 * judged["estimate"]).round(3),
            "low": (100 * judged["low"]).round(3),
            "high": (100 * judged["high"]).round(3),
            "p": judged["p"].round(6),
            "detectable": (100 * judged["detectable"]).round(3),
            "seeds": judged["n_seeds"],
            "reference_seeds": judged["n_seeds_reference"],
        }
    )
    ends = [table[end].fillna(table["gain"]) if intervals else table["gain"] for end in ("low", "high")]
    real = ~judged["variant"].isin(controls)
    real = real if real.any() else ~real
    sure = real & (table["verdict"] != "too few seeds")  # whose intervals may be hundreds of points
    bounds = [0.0, -100 * margin, 100 * margin]
    extent = domain([*table.loc[real, "gain"], *(value for end in ends for value in end[sure]), *bounds])
    low, high = extent
    table = table.assign(
        at=table["gain"].where(table["gain"].between(low, high)),
        **{"from": table["low"].clip(low, high), "to": table["high"].clip(low, high)},
        below=ends[0] < low,
        above=ends[1] > high,
    )
    return table, extent


def numbers(row: Any) -> str:
    """``+6.7 [+3.6, +9.8]``, and of an undecided row the effect that would have shown."""
    interval = "" if pd.isna(row.low) else f" [{points(row.low)}, {points(row.high)}]"
    return f"{points(row.estimate)}{interval}{would_show(row)}"


def would_show(row: Any) -> str:
    """What stands beside an undecided effect: the smallest one that had a chance of 80% to be found."""
    return would_show_from(row.detectable) if row.verdict == "undecided" else ""


def would_show_from(detectable: float) -> str:
    """``, ≥ 7.9``, of a fraction."""
    return f", ≥ {100 * detectable:.1f}"


def panel(
    where: str, order: Sequence[str], extent: Sequence[float], verdicts: Sequence[str], *,
    marks: Sequence[float] = (), first: bool, title: alt.Title | str, several: bool = False,
) -> alt.LayerChart:  # fmt: skip
    """One panel of rows: those whose ``panel`` is ``where``, in that order from the top, labels for the first alone.

    ``beside`` is written to the right of the axis, ``marks`` are dotted lines. With ``several`` points to a row there
    are no intervals, and what stands beside it is of no one verdict.
    """
    shown = "split(slice(datum.label, 1 + indexof(datum.label, '\\t')), '\\n')"
    two_lines = alt.condition("indexof(datum.label, '\\n') > 0", alt.value(-6), alt.value(0))  # each is centred
    axis = alt.Axis(
        title=None, labelExpr=shown, labels=first, ticks=False, domain=False, labelLineHeight=13, labelPadding=8,
        labelOffset=two_lines, grid=True,
    )  # fmt: skip
    y = alt.Y("row:N", sort=None, scale=alt.Scale(domain=[*order]), axis=axis)
    scale = alt.Scale(domain=[*extent], nice=False)
    x = alt.X("at:Q", scale=scale, axis=alt.Axis(title="points", tickCount=5, format="+.6~g"))
    legend = alt.Legend(title=None, columns=len(verdicts), symbolSize=90)
    colours, shapes = ([VERDICTS[name][i] for name in verdicts] for i in (0, 1))
    colour = alt.Color("verdict:N", scale=alt.Scale(domain=[*verdicts], range=colours), legend=legend)
    shape = alt.Shape("verdict:N", scale=alt.Scale(domain=[*verdicts], range=shapes), legend=legend)
    tooltip = [
        alt.Tooltip("level:N"),
        *([alt.Tooltip("pair:N", title="model × dataset")] if several else []),
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
    rows = chart().transform_filter(alt.FieldEqualPredicate(field="panel", equal=where)).encode(y=y, color=colour)
    bounded = rows.transform_filter("isValid(datum.from) && isValid(datum.to)")
    lines = bounded.mark_rule(strokeWidth=2).encode(x=alt.X("from:Q", scale=scale), x2="to:Q", tooltip=tooltip)
    dots = rows.transform_filter("isValid(datum.at)").mark_point(filled=True, size=75, opacity=1)
    text = rows.encode(x=alt.value("width"), text="beside:N", **({"color": alt.value(INK)} if several else {}))
    plain, bold = text.transform_filter("!datum.decided"), text.transform_filter("datum.decided")
    layers = [
        _rule([0], color=INK),
        _rule(marks, color=GREY, strokeDash=[1, 3]),
        *([] if several else [lines]),
        dots.encode(x=x, shape=shape, tooltip=tooltip),
        *(_arrow(rows, where, end) for where, end in zip(ARROWS, extent, strict=True)),
        plain.mark_text(align="left", dx=8),
        bold.mark_text(align="left", dx=8, fontWeight="bold"),
    ]
    height = 10 + 13 * max(label.count("\n") + 1 for label in order)
    return alt.layer(*layers, width=WIDTH, height=alt.Step(height), title=title)


def label(*lines: str) -> str:
    """A row's label, broken where it is too long."""
    return "\n".join(part for line in lines for part in wrapped(line, LABEL_WIDTH))


def present(verdicts: pd.Series) -> list[str]:
    """The verdicts that occur, in the order of the legend."""
    return [name for name in VERDICTS if name in set(verdicts)]


def _rule(values: Sequence[float], **style: Any) -> alt.Chart:
    base = alt.Chart(alt.Data(values=[{"x": value} for value in values]))
    return base.mark_rule(strokeWidth=1, **style).encode(x="x:Q")


def _arrow(rows: alt.Chart, where: str, end: float) -> alt.Chart:
    """An arrow at the end of the axis where a row goes on beyond it."""
    mark = rows.transform_filter(f"datum.{where}").mark_point(shape=ARROWS[where], size=90, strokeWidth=2.5, opacity=1)
    return mark.encode(x=alt.datum(end))
