"""Queries × rollouts: what a round is spent on, at equal rounds and at equal rollouts."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

import altair as alt
import pandas as pd

from rftlab.runfolder.study_plan import BASELINE, Pair, PlannedVariant
from rftlab.views.figures.style import COLOURS, INK, Specification, chart, column, domain, empty, row, with_tables
from rftlab.views.results import Results

QUERIES, ROLLOUTS, EXTRA = (f"config.rollout.{key}" for key in ("queries", "rollouts", "statistics_rollouts"))
ADVANTAGE = "config.advantage.name"
WIDTH, HEIGHT = 430, 230  # of a panel, in pixels
ROOM, LETTER, LINE = 64, 6.0, 13  # right of the last point, of a letter and of a line of a label, in pixels
SUITES = {"id": "in-distribution", "ood": "out-of-distribution"}


def tradeoff(results: Results, pair: Pair) -> Specification:
    """Greedy accuracy of the levels that change queries or rollouts per round, and of what they are relative to."""
    runs = results.of(pair, "runs")
    sizes = runs.drop_duplicates("variant").set_index("variant")[[QUERIES, ROLLOUTS, EXTRA, ADVANTAGE]]
    if BASELINE not in sizes.index:
        return empty("The baseline has not finished, so there is nothing to compare with.")
    there = [v for v in results.levels if {v.name, v.relative_to} <= set(sizes.index)]
    shape = sizes[[QUERIES, ROLLOUTS]].astype(int)
    changed = [v for v in there if (shape.loc[v.name] != shape.loc[str(v.relative_to)]).any()]
    wanted = {BASELINE, *(v.name for v in changed), *(str(v.relative_to) for v in changed)}
    names = [v.name for v in results.variants if v.name in wanted]
    if not changed:
        return empty(
            "No level of this study changes rollout.queries or rollout.rollouts, so there is no trade-off to show."
        )
    greedy = results.greedy(pair)
    greedy = greedy[greedy["variant"].isin(names)]
    if greedy.empty:
        return empty("None of the variants that change rollout.queries or rollout.rollouts has been evaluated yet.")
    table = _table(greedy, sizes, [v for v in results.variants if v.name in names])
    colours = _colours(sorted(set(table["size"]), key=lambda size: int(size.split()[0])))
    suites = [suite for suite in SUITES if suite in set(table["suite"])]
    table["last"] = table["round"] == table.groupby("variant")["round"].transform("max")
    last = table[table["last"]]
    rows = [
        row("At the last checkpoint", [_last(last, suite, colours) for suite in suites]),
        row("At equal rollouts", [_by_rollouts(table, suite, colours) for suite in suites]),
    ]
    return with_tables(column(rows), table=table)


def apart(labels: Sequence[tuple[float, float, str]]) -> list[float | None]:
    """Where labels go that stand at (x, y), in pixels, with a text: each y is the nearest at which it is over no other.

    The first in the list keep theirs; None where that would be more than two lines away, or out of the panel.
    """
    put: list[tuple[float, float, float]] = []
    found: list[float | None] = []
    for x, y, text in labels:
        right = x + LETTER * len(text)
        steps = [0.0, *(sign * n * LINE / 2 for n in range(1, 5) for sign in (1, -1))]
        taken = [at for start, end, at in put if start < right and x < end]
        free = (y + step for step in steps if all(abs(y + step - at) >= LINE for at in taken))
        found.append(next((at for at in free if 0 <= at <= HEIGHT), None))
        put += [(x, right, at) for at in found[-1:] if at is not None]
    return found


def _table(greedy: pd.DataFrame, sizes: pd.DataFrame, variants: Sequence[PlannedVariant]) -> pd.DataFrame:
    by_run = greedy.groupby(["variant", "seed", "round", "suite"], as_index=False).agg(
        value=("value", "mean"), rollouts=("rollouts", "max")
    )
    table = by_run.groupby(["variant", "round", "suite"], as_index=False).agg(
        accuracy=("value", "mean"),
        low=("value", "min"),
        high=("value", "max"),
        sampled=("rollouts", "mean"),
        seeds=("seed", "nunique"),
    )
    table = table[table["seeds"] == table.groupby("variant")["seeds"].transform("max")]  # never the survivors' mean
    queries, rollouts, extra = (table["variant"].map(sizes[key].astype(int)) for key in (QUERIES, ROLLOUTS, EXTRA))
    shapes = {v.name: _shape(sizes[sizes.index == v.name].iloc[0]) for v in variants}
    several = {shape for shape in shapes.values() if list(shapes.values()).count(shape) > 1}
    return table.round(4).assign(
        queries=queries,
        rollouts=rollouts,
        size=(queries * rollouts).astype(str) + " trained rollouts a round",
        shape=table["variant"].map(shapes),
        label=table["variant"].map({
            v.name: f"{shapes[v.name]} {v.factor or v.name}" if shapes[v.name] in several else shapes[v.name]
            for v in variants
        }),
        kind=table["variant"].map(sizes[ADVANTAGE]) + extra.astype(str),
        variant=table["variant"].map({v.name: v.label for v in variants}),
    )  # fmt: skip


def _shape(sizes: pd.Series) -> str:
    """Queries × rollouts, + statistics rollouts."""
    extra = int(sizes[EXTRA])
    return f"{int(sizes[QUERIES])}×{int(sizes[ROLLOUTS])}" + (f"+{extra}" if extra else "")


def _with_room(low: float, high: float) -> list[float]:
    """Domain of a logarithmic axis from ``low`` to ``high``, with room for a label to the right of the last point."""
    low, high = low / 1.3, max(high, 1.3 * low)
    return [low, high * (high / low) ** (ROOM / (WIDTH - ROOM))]


def _labels(base: alt.Chart, last: pd.DataFrame, x: str, along: list[float], part: pd.DataFrame) -> alt.Chart:
    """The shapes of the variants, each beside its last point, and over no other; some have no room."""
    low, high = _domain(part)
    across = [WIDTH * math.log(value / along[0]) / math.log(along[1] / along[0]) for value in last[x]]
    down = [HEIGHT * (high - value) / (high - low) for value in last["accuracy"]]
    places = zip(last["variant"], apart(list(zip(across, down, last["label"], strict=True))), strict=True)
    at = {name: None if y is None else round(high - y / HEIGHT * (high - low), 6) for name, y in places}
    placed = base.transform_calculate(label_y=f"{json.dumps(at)}[datum.variant]")
    return (
        placed.transform_filter("isValid(datum.label_y)")
        .mark_text(align="left", dx=7, fontSize=10)
        .encode(y=_y(part, "label_y"), text="label:N")
    )


def _colours(sizes: list[str]) -> alt.Color:
    colours = [INK, *COLOURS]
    scale = alt.Scale(domain=sizes, range=[colours[i % len(colours)] for i in range(len(sizes))])
    return alt.Color(
        "size:N", scale=scale, legend=alt.Legend(title=None, columns=3, symbolType="circle", symbolSize=80)
    )


def _encode(suite: str, x: alt.X, colour: alt.Color) -> alt.Chart:
    rows = chart().transform_filter(alt.FieldEqualPredicate(field="suite", equal=suite))
    return rows.encode(
        x=x,
        color=colour,
        tooltip=[
            alt.Tooltip("variant:N"),
            alt.Tooltip("shape:N", title="queries × rollouts + statistics rollouts"),
            alt.Tooltip("round:Q", title="round"),
            alt.Tooltip("sampled:Q", title="rollouts so far", format=","),
            alt.Tooltip("accuracy:Q", title="greedy accuracy", format=".1%"),
        ],
    )


def _domain(part: pd.DataFrame) -> list[float]:
    return domain([*part["low"], *part["high"]], floor=0.0, ceiling=1.0)


def _y(part: pd.DataFrame, field: str = "accuracy") -> alt.Y:
    scale = alt.Scale(domain=_domain(part), nice=False, zero=False)
    return alt.Y(f"{field}:Q", scale=scale, axis=alt.Axis(title="greedy accuracy", format=".0%", tickCount=5))


def _last(table: pd.DataFrame, suite: str, colour: alt.Color) -> alt.LayerChart:
    part = table[table["suite"] == suite]
    ticks = sorted(set(part["rollouts"]))
    extent = _with_room(ticks[0], ticks[-1])
    scale = alt.Scale(type="log", base=2, domain=extent, nice=False)
    x = alt.X("rollouts:Q", scale=scale, axis=alt.Axis(title="rollouts per query", values=ticks, format="d"))
    base = _encode(suite, x, colour).transform_filter("datum.last")
    y = _y(part)
    return alt.layer(
        base.mark_line(strokeWidth=1.2, opacity=0.7).encode(y=y, detail="kind:N"),
        base.mark_rule(opacity=0.6).encode(y=_y(part, "low"), y2="high:Q"),
        base.mark_point(filled=True, size=70, opacity=1).encode(y=y),
        _labels(base, part, "rollouts", extent, part),
        width=WIDTH,
        height=HEIGHT,
        title=SUITES[suite],
    )


def _by_rollouts(table: pd.DataFrame, suite: str, colour: alt.Color) -> alt.LayerChart:
    part = table[(table["suite"] == suite) & (table["round"] > 0)]
    extent = _with_room(part["sampled"].min(), part["sampled"].max())
    scale = alt.Scale(type="log", domain=extent, nice=False)
    axis = alt.Axis(title="rollouts sampled so far (log scale)", format="~s", tickCount=5)
    x = alt.X("sampled:Q", scale=scale, axis=axis)
    base = _encode(suite, x, colour).transform_filter("datum.round > 0")
    y = _y(part)
    return alt.layer(
        base.mark_line().encode(y=y, detail="variant:N"),
        base.mark_point(filled=True, size=30, opacity=1).encode(y=y),
        _labels(base.transform_filter("datum.last"), part[part["last"]], "sampled", extent, part),
        width=WIDTH,
        height=HEIGHT,
        title=SUITES[suite],
    )
