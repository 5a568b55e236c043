"""Queries × rollouts: what a round is spent on, at equal rounds and at equal rollouts."""

from __future__ import annotations

import altair as alt
import pandas as pd

from rftlab.runfolder.study_plan import BASELINE, Pair
from rftlab.views.figures.style import COLOURS, INK, Specification, chart, column, domain, empty, row, with_tables
from rftlab.views.results import Results

QUERIES, ROLLOUTS, EXTRA = (f"config.rollout.{key}" for key in ("queries", "rollouts", "statistics_rollouts"))
SUITES = {"id": "in-distribution", "ood": "out-of-distribution"}


def tradeoff(results: Results, pair: Pair) -> Specification:
    """Greedy accuracy of the variants that change queries or rollouts per round, and of what they are relative to."""
    runs = results.of(pair, "runs")
    sizes = runs.drop_duplicates("variant").set_index("variant")[[QUERIES, ROLLOUTS, EXTRA]].astype(int)
    if BASELINE not in sizes.index:
        return empty("The baseline has not finished, so there is nothing to compare with.")
    changed = sizes.index[(sizes != sizes.loc[BASELINE])[[QUERIES, ROLLOUTS]].any(axis=1)]
    references = {str(v.relative_to) for v in results.levels if v.name in changed}
    names = [v.name for v in results.variants if v.name in {BASELINE, *changed, *references}]
    if not len(changed):
        return empty(
            "No level of this study changes rollout.queries or rollout.rollouts, so there is no trade-off to show."
        )
    greedy = results.greedy(pair)
    greedy = greedy[greedy["variant"].isin(names)]
    if greedy.empty:
        return empty("None of the variants that change rollout.queries or rollout.rollouts has been evaluated yet.")
    table = _table(greedy, sizes, {v.name: v.label for v in results.variants})
    colours = _colours(sorted(set(table["size"]), key=lambda size: int(size.split()[0])))
    suites = [suite for suite in SUITES if suite in set(table["suite"])]
    table["last"] = table["round"] == table.groupby("variant")["round"].transform("max")
    last = table[table["last"]]
    rows = [
        row("At the last checkpoint", [_last(last, suite, colours) for suite in suites]),
        row("At equal rollouts", [_by_rollouts(table, suite, colours) for suite in suites]),
    ]
    return with_tables(column(rows), table=table)


def _table(greedy: pd.DataFrame, sizes: pd.DataFrame, labels: dict[str, str]) -> pd.DataFrame:
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
    queries, rollouts, extra = (table["variant"].map(sizes[key]) for key in (QUERIES, ROLLOUTS, EXTRA))
    statistics = extra.map(lambda m: f"+{m}" if m else "")
    return table.round(4).assign(
        queries=queries,
        rollouts=rollouts,
        size=(queries * rollouts).astype(str) + " trained rollouts a round",
        shape=queries.astype(str) + "×" + rollouts.astype(str) + statistics,
        statistics=statistics,
        variant=table["variant"].map(labels),
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


def _y(part: pd.DataFrame, field: str = "accuracy") -> alt.Y:
    scale = alt.Scale(domain=domain([*part["low"], *part["high"]], floor=0.0, ceiling=1.0), nice=False, zero=False)
    return alt.Y(f"{field}:Q", scale=scale, axis=alt.Axis(title="greedy accuracy", format=".0%", tickCount=5))


def _last(table: pd.DataFrame, suite: str, colour: alt.Color) -> alt.LayerChart:
    part = table[table["suite"] == suite]
    ticks = sorted(set(part["rollouts"]))
    scale = alt.Scale(type="log", base=2, domain=[ticks[0] / 1.4, ticks[-1] * 1.6], nice=False)
    x = alt.X("rollouts:Q", scale=scale, axis=alt.Axis(title="rollouts per query", values=ticks, format="d"))
    base = _encode(suite, x, colour).transform_filter("datum.last")
    y = _y(part)
    return alt.layer(
        base.mark_line(strokeWidth=1.2, opacity=0.7).encode(y=y, detail="statistics:N"),
        base.mark_rule(opacity=0.6).encode(y=_y(part, "low"), y2="high:Q"),
        base.mark_point(filled=True, size=70, opacity=1).encode(y=y),
        base.mark_text(align="left", dx=7, fontSize=10).encode(y=y, text="shape:N"),
        width=430,
        height=230,
        title=SUITES[suite],
    )


def _by_rollouts(table: pd.DataFrame, suite: str, colour: alt.Color) -> alt.LayerChart:
    part = table[(table["suite"] == suite) & (table["round"] > 0)]
    scale = alt.Scale(type="log", domain=[part["sampled"].min(), 1.4 * part["sampled"].max()], nice=False)
    axis = alt.Axis(title="rollouts sampled so far (log scale)", format="~s", tickCount=5)
    x = alt.X("sampled:Q", scale=scale, axis=axis)
    base = _encode(suite, x, colour).transform_filter("datum.round > 0")
    y = _y(part)
    return alt.layer(
        base.mark_line().encode(y=y, detail="variant:N"),
        base.mark_point(filled=True, size=30, opacity=1).encode(y=y),
        base.transform_filter("datum.last").mark_text(align="left", dx=6, fontSize=10).encode(y=y, text="shape:N"),
        width=430,
        height=230,
        title=SUITES[suite],
    )
