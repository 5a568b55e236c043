"""Curves: what is averaged, over what, and where a line ends."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest

import presented
from presented import QUERIES
from rftlab.views.figures.curves import (
    DIAGNOSTICS,
    POINTS,
    bin_rounds,
    diagnostics,
    generalisation,
    generalisation_gap,
    learning_curves,
    over_seeds,
)
from rftlab.views.results import Pair, Results
from vega import data, reason, walk

PAIR = Pair("tiny-qwen2", "chains")


@pytest.fixture(scope="module")
def study() -> Results:
    return presented.study(variants=presented.FEW)


def test_no_axis_of_a_share_or_a_length_goes_below_zero() -> None:
    study = presented.study()
    study = dataclasses.replace(study, curves=study.curves.assign(truncation_rate=study.curves["round"] / 1e4))
    panels = diagnostics(study, PAIR)["vconcat"][0]["concat"]
    panel = next(panel for panel in panels if panel["title"]["text"] == ["truncation"])
    low, high = next(y["scale"]["domain"] for y in walk(panel, "y") if isinstance(y, dict))
    assert (low, high) == (0.0, pytest.approx(0.006 * 13 / 12, rel=0.05))


def test_generalisation_shows_the_mean_and_the_extremes_over_seeds(study: Results) -> None:
    rows = data(generalisation(study, PAIR), "value")
    greedy = study.greedy(PAIR)
    for row in rows[::7]:
        name = "again" if row["variant"].startswith("A/A") else row["variant"]
        part = greedy[
            (greedy["variant"] == name)
            & (greedy["round"] == row["round"])
            & (greedy["evaluation_set"] == row["evaluation_set"])
        ]
        assert row["value"] == pytest.approx(part["value"].mean(), rel=1e-3)
        assert (row["low"], row["high"]) == pytest.approx((part["value"].min(), part["value"].max()), rel=1e-3)


def test_the_gap_is_in_distribution_minus_out_of_it(study: Results) -> None:
    rows = data(generalisation_gap(study, PAIR), "gap")
    first = next(row for row in rows if row["variant"] == "baseline" and row["round"] == 0)
    assert first["gap"] == pytest.approx(100 * (0.28 - (0.24 + 0.20 + 0.16 + 0.12) / 4), abs=100 / QUERIES)


def test_rounds_are_averaged_in_bins_and_placed_at_their_end() -> None:
    rounds = range(1, 2 * POINTS + 1)
    curves = pd.DataFrame({"variant": "baseline", "seed": 0, "round": rounds, "rollouts": rounds, "tokens": rounds})
    binned = bin_rounds(curves.assign(accuracy=curves["round"] / 100), ["accuracy"])
    assert len(binned) == POINTS
    assert binned["accuracy"].iloc[0] == pytest.approx(0.015)
    assert binned["round"].iloc[0] == 2


def test_a_line_ends_where_its_first_seed_diverged() -> None:
    rows = [("kl/k", seed, r, 0.1 * seed) for seed, last in ((0, 4), (1, 2)) for r in range(1, last + 1)]
    means = over_seeds(pd.DataFrame(rows, columns=["variant", "seed", "round", "value"]), ["round"], ["value"])
    assert list(means["round"]) == [1, 2]
    assert means["value"].tolist() == pytest.approx([0.05, 0.05])


def test_short_runs_are_not_binned_and_all_seeds_have_the_same_bins() -> None:
    rows = [("v", seed, r, r, r, 1.0 * r) for seed, last in ((0, 3), (1, 2)) for r in range(1, last + 1)]
    columns = ["variant", "seed", "round", "rollouts", "tokens", "accuracy"]
    short = bin_rounds(pd.DataFrame(rows, columns=columns), ["accuracy"])
    assert short[["seed", "round", "accuracy"]].values.tolist() == [
        [0, 1, 1],
        [0, 2, 2],
        [0, 3, 3],
        [1, 1, 1],
        [1, 2, 2],
    ]
    rows = [("v", seed, r, r, r, 1.0) for seed, last in ((0, 4 * POINTS), (1, 4)) for r in range(1, last + 1)]
    long = bin_rounds(pd.DataFrame(rows, columns=columns), ["accuracy"])
    assert long[long["seed"] == 1]["round"].tolist() == [4]  # one bin as wide as those of the longer seed
    assert long[long["seed"] == 0]["round"].tolist() == [4 * (i + 1) for i in range(POINTS)]


def test_the_extremes_are_those_of_the_seeds_and_means_have_none() -> None:
    table = pd.DataFrame(
        {"variant": "v", "seed": [0, 1, 2], "round": 1, "value": [0.1, 0.5, 0.3], "x": [1.0, 2.0, 6.0]}
    )
    (row,) = over_seeds(table, ["round"], ["value"], mean=["x"]).to_dict("records")
    assert row == pytest.approx(
        {"round": 1, "value": 0.3, "x": 3.0, "low": 0.1, "high": 0.5, "n_seeds": 3, "variant": "v"}
    )


def test_learning_curves_show_the_mean_over_seeds_of_two_rounds_each(study: Results) -> None:
    rows = [row for row in data(learning_curves(study, PAIR), "accuracy") if row["variant"] == "baseline"]
    curves = study.curves.query("variant == 'baseline'")
    assert [row["round"] for row in rows] == list(range(2, presented.ROUNDS + 1, 2))
    assert [row["rollouts"] for row in rows] == [32 * row["round"] for row in rows]
    first = curves[curves["round"] <= 2].groupby("seed")["accuracy"].mean()
    shown = (rows[0]["accuracy"], rows[0]["low"], rows[0]["high"])
    assert shown == pytest.approx((first.mean(), first.min(), first.max()), rel=1e-3)


@pytest.mark.parametrize("figure", [learning_curves, generalisation, generalisation_gap, diagnostics])
def test_every_figure_can_be_drawn_against_rounds_rollouts_and_tokens(study: Results, figure) -> None:
    drawn = figure(study, PAIR)
    assert list(drawn["usermeta"]["panels"]) == ["round", "rollouts", "tokens"]
    (stored,) = drawn["datasets"].values()
    assert all(row["rollouts"] >= 32 * row["round"] for row in stored)
    assert any(row["tokens"] > 0 for row in stored)


def test_generalisation_has_a_panel_for_every_reported_set(study: Results) -> None:
    entry = generalisation(study, PAIR)["usermeta"]["comparisons"][0]
    assert entry["panels"] == [s.name for s in study.evaluation_sets(PAIR)]


def test_only_what_was_logged_is_among_the_diagnostics(study: Results) -> None:
    def shown(results: Results) -> list[str]:
        return list(diagnostics(results, PAIR)["usermeta"]["panels"]["round"])

    titles = [title for title, _ in DIAGNOSTICS.values()]
    assert shown(study) == titles
    titles.remove("KL to base model")
    assert shown(dataclasses.replace(study, curves=study.curves.drop(columns="kl_base"))) == titles


def test_a_diagnostic_that_is_zero_throughout_has_no_panel(study: Results) -> None:
    never = dataclasses.replace(study, curves=study.curves.assign(truncation_rate=0.0))
    drawn = diagnostics(never, PAIR)
    titles = {" ".join(panel["title"]["text"]) for row in drawn["vconcat"] for panel in row["concat"]}
    assert titles == {title for title, _ in DIAGNOSTICS.values()} - {"truncation"}
    assert drawn["usermeta"]["comparisons"][0]["constant"] == ["truncation: 0 share of rollouts"]


def test_numbers_have_four_digits(study: Results) -> None:
    rows = data(generalisation(study, PAIR), "value")
    assert all(row[name] == float(f"{row[name]:.4g}") for row in rows for name in ("value", "low", "high"))


def test_a_gap_needs_sets_in_and_out_of_distribution(study: Results) -> None:
    inside = dataclasses.replace(study, evaluations=study.evaluations.query("suite == 'id'"))
    assert "lack one of them" in reason(generalisation_gap(inside, PAIR))


@pytest.mark.parametrize("figure", [learning_curves, generalisation, diagnostics])
def test_what_nobody_has_logged_or_evaluated_yet_is_told(study: Results, figure) -> None:
    other = Pair("tiny-qwen2", "another")
    runs = (dataclasses.replace(study.plan.runs[0], dataset="another"), *study.plan.runs)
    planned = dataclasses.replace(study, plan=dataclasses.replace(study.plan, runs=runs))
    assert reason(figure(planned, other)) in (
        "No run of this model and dataset has logged a round yet.",
        "No checkpoint of this model and dataset has been evaluated yet.",
    )
