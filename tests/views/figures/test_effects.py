"""How effects are drawn: points, one axis for a study's own levels, what lies beyond it, and the numbers beside."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from rftlab.views.figures.effects import LABEL_WIDTH, VERDICTS, effects, label, numbers, panel, present
from vega import walk


def judged(*rows: tuple[str, float, float, float, str]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["variant", "estimate", "low", "high", "verdict"])
    return table.assign(relative_to="baseline", p=0.5, detectable=0.04, n_seeds=3, n_seeds_reference=9)


def test_the_axis_is_that_of_levels_and_not_of_controls() -> None:
    rows = judged(("a", 0.05, 0.01, 0.09, "higher"), ("control/c", -0.4, -0.6, -0.2, "lower"))
    _, extent = effects(rows, ["control/c"], 0.02)
    assert extent == pytest.approx([-2 - 11 / 12, 9 + 11 / 12])
    assert effects(rows, [], 0.02)[1][0] < -60
    assert effects(rows.tail(1), ["control/c"], 0.02)[1][0] < -60, "alone, it is all there is"


def test_what_lies_beyond_the_axis_ends_in_an_arrow_and_keeps_its_number() -> None:
    rows = judged(
        ("a", 0.05, 0.01, 0.09, "higher"), ("control/c", -0.4, -0.6, 0.0, "lower"), ("control/d", 0.0, -0.01, 0.3, "x")
    )
    table, (low, high) = effects(rows, ["control/c", "control/d"], 0.02)
    assert table["below"].tolist() == [False, True, False]
    assert table["above"].tolist() == [False, False, True]
    assert np.isnan(table["at"][1])
    assert (table["from"][1], table["to"][1], table["gain"][1]) == (low, 0.0, -40)
    assert (table["from"][2], table["to"][2], table["at"][2]) == (-1, high, 0)


def test_intervals_of_two_seeds_do_not_scale_the_axis() -> None:
    _, (low, high) = effects(judged(("a", 0.05, -2.5, 2.6, "too few seeds")), [], 0.02)
    assert (low, high) == pytest.approx((-2 - 7 / 12, 5 + 7 / 12))


def test_without_intervals_the_gains_alone_scale_the_axis_and_have_arrows() -> None:
    rows = judged(("a", 0.05, -0.3, 0.4, "undecided"), ("control/c", -0.02, -0.3, 0.3, "undecided"))
    table, (low, high) = effects(rows, ["control/c"], 0.02, intervals=False)
    assert (low, high) == pytest.approx((-2 - 7 / 12, 5 + 7 / 12))
    assert not table["below"].any()
    assert not table["above"].any()


def test_a_gain_without_an_interval_is_within_the_axis_or_beyond_it() -> None:
    rows = judged(("a", 0.05, np.nan, np.nan, "too few seeds"), ("control/c", -0.4, np.nan, np.nan, "too few seeds"))
    table, _ = effects(rows, ["control/c"], 0.02)
    assert table["below"].tolist() == [False, True]
    assert table[["from", "to"]].isna().all(axis=None)


def test_numbers_are_signed_points_with_the_interval_where_there_is_one() -> None:
    row = SimpleNamespace(estimate=-0.0541, low=-0.091, high=-0.017, verdict="undecided", detectable=0.079)
    assert numbers(row) == "−5.4 [−9.1, −1.7], ≥ 7.9"
    row = SimpleNamespace(estimate=0.0667, low=float("nan"), high=float("nan"), verdict="higher", detectable=0.079)
    assert numbers(row) == "+6.7"


def test_every_verdict_has_its_own_colour_and_its_own_shape() -> None:
    assert set(VERDICTS) == {"higher", "lower", "equivalent", "undecided", "running", "too few seeds", "no hypothesis"}
    assert len({shape for _, shape in VERDICTS.values()}) == len(VERDICTS)
    assert len({colour for colour, _ in VERDICTS.values()}) == 5, "what says nothing is grey"


def test_the_legend_holds_what_there_is() -> None:
    verdicts = present(pd.Series(["undecided", "higher", "undecided"]))
    assert verdicts == ["higher", "undecided"]
    drawn = panel("in", ["a"], [-1, 1], verdicts, first=True, title="in").to_dict(validate=False)
    domains = [c["scale"]["domain"] for c in walk(drawn, "color") if isinstance(c, dict) and "scale" in c]
    assert domains
    assert all(domain == verdicts for domain in domains)


def test_labels_are_broken_where_they_are_too_long() -> None:
    lines = label("factor/" + "x" * 40, "vs baseline").split("\n")
    assert max(map(len, lines)) <= LABEL_WIDTH
    assert lines[-1] == "vs baseline"
