"""Curves of one model × dataset: a row per factor, a panel per x-axis, evaluation set or diagnostic."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import pandas as pd

from rftlab.runfolder.study_plan import Pair
from rftlab.views.figures.style import (
    GREY,
    Palette,
    Specification,
    chart,
    column,
    domain,
    empty,
    factor_groups,
    grid,
    palette,
    row,
    with_tables,
)
from rftlab.views.results import Results

POINTS = 30  # of a training curve: enough for its shape, few enough to average the noise of single rounds
PROGRESS = {"round": "rounds", "rollouts": "rollouts (log scale)", "tokens": "tokens (log scale)"}
DIAGNOSTICS = {
    "entropy": ("entropy", "nats per token"),
    "response_length": ("response length", "tokens"),
    "truncation_rate": ("truncation", "share of rollouts"),
    "gradient_norm": ("gradient norm", "before clipping"),
    "kl_base": ("KL to base model", "nats per token"),
    "signal_share": ("signal", "share of queries"),
}
NO_CURVES = "No run of this model and dataset has logged a round yet."
NO_EVALUATIONS = "No checkpoint of this model and dataset has been evaluated yet."


@dataclass(frozen=True)
class Axis:
    """A column of a table with its title and, where panels are to be compared, the extent they share."""

    field: str
    title: str
    extent: list[float] | None = None
    format: str = ".6~g"
    log: bool = False


def learning_curves(results: Results, pair: Pair) -> Specification:
    """Accuracy of the sampled rollouts against rounds, rollouts and tokens."""
    bins = bin_rounds(results.of(pair, "curves"), ["accuracy"])
    if bins.empty:
        return empty(NO_CURVES)
    table = _labelled(results, over_seeds(bins, ["bin"], ["accuracy"], mean=[*PROGRESS]))
    y = Axis(
        "accuracy", "share correct, sampled", domain([*table["low"], *table["high"]], floor=0.0, ceiling=1.0), ".0%"
    )
    rows = []
    for factor, variants in factor_groups(results):
        colours = palette(variants)
        panels = [
            _panel(Axis(x, title, format="~s", log=x != "round"), y, colours, band=True)
            for x, title in PROGRESS.items()
        ]
        rows.append(row(factor, panels))
    return with_tables(column(rows), table=table)


def generalisation(results: Results, pair: Pair) -> Specification:
    """Greedy accuracy by evaluation set against rounds."""
    greedy = results.greedy(pair)
    if greedy.empty or not results.levels:
        return empty(NO_EVALUATIONS if greedy.empty else "The study has no level besides its baseline.")
    table = _labelled(results, over_seeds(greedy, ["round", "evaluation_set"], ["value"]))
    sets = [s for s in results.evaluation_sets(pair) if s.name in set(table["evaluation_set"])]
    rows = []
    for factor, variants in factor_groups(results):
        panels = []
        for s in sets:
            part = table[table["evaluation_set"] == s.name]
            only = alt.FieldEqualPredicate(field="evaluation_set", equal=s.name)
            y = Axis("value", "greedy accuracy", domain([*part["low"], *part["high"]], floor=0.0, ceiling=1.0), ".0%")
            panel = _panel(Axis("round", "rounds"), y, palette(variants), band=True, points=True, width=150)
            panels.append(
                panel.transform_filter(only).properties(
                    title=alt.Title(s.name, subtitle=s.kind.removeprefix("out-of-distribution: "))
                )
            )
        rows.append(row(factor, panels))
    return with_tables(column(rows), table=table)


def generalisation_gap(results: Results, pair: Pair) -> Specification:
    """Mean greedy accuracy in distribution − mean out of distribution, in percentage points, against rounds."""
    greedy = results.greedy(pair)
    if not {"id", "ood"} <= set(greedy["suite"]):
        return empty(
            "A gap needs an evaluation set in and one out of distribution; this model and dataset lack one of them."
        )
    if not results.levels:
        return empty("The study has no level besides its baseline.")
    means = greedy.pivot_table(index=["variant", "seed", "round"], columns="suite", values="value", aggfunc="mean")
    gaps = (100 * (means["id"] - means["ood"])).rename("gap").reset_index()
    table = _labelled(results, over_seeds(gaps, ["round"], ["gap"]))
    y = Axis("gap", "id − ood, points", domain([*table["low"], *table["high"], 0.0]), "+.6~g")
    panels = []
    for factor, variants in factor_groups(results):
        panel = _panel(
            Axis("round", "rounds"), y, palette(variants, legend_columns=1), band=True, points=True, width=290
        )
        zero = alt.Chart(alt.Data(values=[{"y": 0}])).mark_rule(color=GREY, strokeWidth=1).encode(y="y:Q")
        panels.append(alt.layer(zero, panel).properties(title=factor))
    return with_tables(grid(panels, 3), table=table)


def diagnostics(results: Results, pair: Pair) -> Specification:
    """What training did to the policy, by round."""
    curves = results.of(pair, "curves")
    fields = {field: label for field, label in DIAGNOSTICS.items() if field in curves}  # KL only where it was asked for
    bins = bin_rounds(curves, list(fields))
    if bins.empty or not results.levels:
        return empty(NO_CURVES if bins.empty else "The study has no level besides its baseline.")
    table = _labelled(results, over_seeds(bins, ["bin"], [], mean=["round", *fields]))
    rows = []
    for factor, variants in factor_groups(results):
        panels = []
        for field, (title, unit) in fields.items():
            floor, ceiling = None if field == "kl_base" else 0.0, 1.0 if unit.startswith("share") else None
            y = Axis(field, unit, domain(table[field], floor=floor, ceiling=ceiling))
            panel = _panel(Axis("round", "rounds"), y, palette(variants), width=118, height=92)
            panels.append(panel.properties(title=title))
        rows.append(row(factor, panels))
    return with_tables(column(rows), table=table)


def bin_rounds(curves: pd.DataFrame, fields: Sequence[str]) -> pd.DataFrame:
    """Average each run's rounds in at most ``POINTS`` bins; x-values are those at the end of a bin.

    Bins have the same width in all seeds of a variant.
    """
    longest = curves.groupby("variant")["round"].transform("max")
    width = (longest / POINTS).map(math.ceil).clip(lower=1)
    with_bins = curves.assign(bin=(curves["round"] - 1) // width)
    how = {**dict.fromkeys(PROGRESS, "max"), **dict.fromkeys(fields, "mean")}
    return with_bins.groupby(["variant", "seed", "bin"], as_index=False).agg(how)


def over_seeds(
    table: pd.DataFrame, by: Sequence[str], fields: Sequence[str], *, mean: Sequence[str] = ()
) -> pd.DataFrame:
    """Mean over seeds where all seeds of a variant are; ``low`` and ``high`` are the extremes of the one field given.

    A mean over the seeds that survived would show the survivors, so a line ends with its first seed.
    """
    how = {field: (field, "mean") for field in (*fields, *mean)} | {"n_seeds": ("seed", "nunique")}
    for field in fields:
        how |= {"low": (field, "min"), "high": (field, "max")}
    means = table.groupby(["variant", *by], as_index=False).agg(**how)
    return means[means["n_seeds"] == means.groupby("variant")["n_seeds"].transform("max")]


def _labelled(results: Results, table: pd.DataFrame) -> pd.DataFrame:
    numbers = {c: [_significant(v) for v in table[c]] for c in table.columns if table[c].dtype.kind == "f"}
    labels = {v.name: v.label for v in results.variants}
    return table.assign(**numbers, variant=table["variant"].map(labels))


def _significant(value: float) -> float:
    return float(f"{value:.4g}")  # a pixel is a thousandth of a panel: more digits only make the report larger


def _panel(
    x: Axis, y: Axis, colours: Palette, *,
    band: bool = False, points: bool = False, width: int = 300, height: int = 130,
) -> alt.LayerChart:  # fmt: skip
    scale = alt.Scale(domain=y.extent, nice=False, zero=False) if y.extent else alt.Scale(zero=False)
    along = alt.Scale(type="log", nice=False) if x.log else alt.Scale(nice=False, zero=False)
    rows = chart().transform_filter(alt.FieldOneOfPredicate("variant", colours.names))
    base = rows.transform_filter(f"isValid(datum.{y.field})").encode(
        x=alt.X(f"{x.field}:Q", scale=along, axis=alt.Axis(title=x.title, tickCount=4, format=x.format)),
        color=colours.colour,
        tooltip=[
            alt.Tooltip("variant:N"),
            alt.Tooltip(f"{x.field}:Q", title=x.title, format=","),
            alt.Tooltip(f"{y.field}:Q", title=y.title, format=".4~g"),
        ],
    )
    value = alt.Y(f"{y.field}:Q", scale=scale, axis=alt.Axis(title=y.title, tickCount=4, format=y.format))
    layers = [base.mark_line().encode(y=value, strokeDash=colours.dash)]
    if points:
        layers.append(base.mark_point(filled=True, size=22, opacity=1).encode(y=value))
    if band:
        layers.insert(0, base.mark_area(opacity=0.13, tooltip=None).encode(y=alt.Y("low:Q", scale=scale), y2="high:Q"))
    return alt.layer(*layers, width=width, height=height)
