"""Curves of one model × dataset: what is averaged, over what, and which panels every comparison has."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from rftlab.runfolder.study_plan import Pair
from rftlab.views.figures.choice import BUDGETS, Curve, by_comparison
from rftlab.views.figures.style import Specification, empty
from rftlab.views.results import Results

POINTS = 30  # of a training curve: enough for its shape, few enough to average the noise of single rounds
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


def learning_curves(results: Results, pair: Pair) -> Specification:
    """Accuracy of the sampled rollouts."""
    bins = bin_rounds(results.of(pair, "curves"), ["accuracy"])
    if bins.empty:
        return empty(NO_CURVES)
    table = _labelled(results, over_seeds(bins, ["bin"], ["accuracy"], mean=[*BUDGETS]))
    curve = Curve("accuracy", "accuracy", "share correct, sampled", ".0%", 0.0, 1.0, band=True, alone=True)
    return by_comparison(results, pair, table, [curve])


def generalisation(results: Results, pair: Pair) -> Specification:
    """Greedy accuracy by evaluation set."""
    greedy = results.greedy(pair)
    if greedy.empty:
        return empty(NO_EVALUATIONS)
    means = over_seeds(greedy, ["round", "evaluation_set"], ["value"], mean=["rollouts", "tokens"])
    table = _labelled(results, means)
    curves = [
        Curve(
            s.name, "value", "greedy accuracy", ".0%", 0.0, 1.0, s.name,
            s.kind.removeprefix("out-of-distribution: "), band=True, dots=True,
        )
        for s in results.evaluation_sets(pair)
        if s.name in set(table["evaluation_set"])
    ]  # fmt: skip
    return by_comparison(results, pair, table, curves)


def generalisation_gap(results: Results, pair: Pair) -> Specification:
    """Mean greedy accuracy in distribution − mean out of distribution, in percentage points."""
    greedy = results.greedy(pair)
    if not {"id", "ood"} <= set(greedy["suite"]):
        return empty(
            "A gap needs an evaluation set in and one out of distribution; this model and dataset lack one of them."
        )
    means = greedy.pivot_table(index=["variant", "seed", *BUDGETS], columns="suite", values="value", aggfunc="mean")
    gaps = (100 * (means["id"] - means["ood"])).rename("gap").reset_index()
    table = _labelled(results, over_seeds(gaps, ["round"], ["gap"], mean=["rollouts", "tokens"]))
    curve = Curve("gap", "gap", "id − ood, points", "+.6~g", band=True, dots=True, zero=True, alone=True)
    return by_comparison(results, pair, table, [curve])


def diagnostics(results: Results, pair: Pair) -> Specification:
    """What training did to the policy."""
    curves = results.of(pair, "curves")
    fields = {field: label for field, label in DIAGNOSTICS.items() if field in curves}  # KL only where it was asked for
    bins = bin_rounds(curves, list(fields))
    if bins.empty:
        return empty(NO_CURVES)
    table = _labelled(results, over_seeds(bins, ["bin"], [], mean=[*BUDGETS, *fields]))
    panels = [
        Curve(
            title, field, unit, ".6~g",
            floor=None if field == "kl_base" else 0.0, ceiling=1.0 if unit.startswith("share") else None,
        )
        for field, (title, unit) in fields.items()
    ]  # fmt: skip
    return by_comparison(results, pair, table, panels)


def bin_rounds(curves: pd.DataFrame, fields: Sequence[str]) -> pd.DataFrame:
    """Average each run's rounds in at most ``POINTS`` bins; x-values are those at the end of a bin.

    Bins have the same width in all seeds of a variant.
    """
    longest = curves.groupby("variant")["round"].transform("max")
    width = (longest / POINTS).map(math.ceil).clip(lower=1)
    with_bins = curves.assign(bin=(curves["round"] - 1) // width)
    how = {**dict.fromkeys(BUDGETS, "max"), **dict.fromkeys(fields, "mean")}
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
