"""Differences between two studies: their intervals, checked by hand and by simulation, and agreement of verdicts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from rftlab.analysis.side_by_side import side_by_side

KEY = {"model": "m", "dataset": "d", "factor": "f", "level": "x", "relative_to": "baseline"}
KEY |= {"suite": "id", "metric": "greedy_auc", "budget": "rounds"}


def row(estimate: float, se: float, df: float, confidence: float = 0.95, **changes: Any) -> dict[str, Any]:
    half = stats.t.isf((1 - confidence) / 2, df) * se
    found = {"estimate": estimate, "low": estimate - half, "high": estimate + half, "df": df, "verdict": "undecided"}
    return KEY | found | changes


def compared(a: dict[str, Any], b: dict[str, Any], confidence: tuple[float, float] = (0.95, 0.95)) -> Any:
    (found,) = side_by_side(table(a), table(b), confidence).itertuples()
    return found


def table(*rows: dict[str, Any]) -> pd.DataFrame:
    """Of the types that the table of verdicts has."""
    return pd.DataFrame(rows).astype(dict.fromkeys([*KEY, "verdict"], "string"))


def test_the_interval_is_welchs() -> None:
    found = compared(row(0.05, 0.01, 8), row(0.02, 0.02, 5))
    se, df = np.hypot(0.01, 0.02), (0.01**2 + 0.02**2) ** 2 / (0.01**4 / 8 + 0.02**4 / 5)
    half = stats.t.ppf(0.975, df) * se
    assert (found.difference, found.low, found.high) == pytest.approx((0.03, 0.03 - half, 0.03 + half))
    assert (found.where, found.agreement) == ("both", "same")


def test_equal_arms_have_the_degrees_of_freedom_of_two_samples() -> None:
    found = compared(row(0.0, 0.01, 4), row(0.0, 0.01, 4))
    assert found.high == pytest.approx(stats.t.ppf(0.975, 8) * np.sqrt(2) * 0.01)


def test_the_larger_confidence_is_that_of_the_interval() -> None:
    plain = compared(row(0.0, 0.01, 6), row(0.0, 0.02, 6))
    for confidence in ((0.9, 0.95), (0.95, 0.9)):
        a, b = row(0.0, 0.01, 6, confidence[0]), row(0.0, 0.02, 6, confidence[1])
        assert compared(a, b, confidence).high == pytest.approx(plain.high)


def test_known_variances_have_normal_quantiles() -> None:
    found = compared(row(0.0, 0.01, np.inf), row(0.0, 0.01, np.inf))
    assert found.high == pytest.approx(1.959964 * np.sqrt(2) * 0.01, rel=1e-6)


def test_one_known_variance_leaves_the_other_its_degrees_of_freedom() -> None:
    found = compared(row(0.0, 0.01, np.inf), row(0.0, 0.01, 5))
    assert found.high == pytest.approx(stats.t.ppf(0.975, 20) * np.sqrt(2) * 0.01)  # (2v)² / (v²/5)


def test_without_an_interval_there_is_none_of_the_difference() -> None:
    nothing = row(0.01, float("nan"), float("nan"))
    found = compared(row(0.05, 0.01, 8), nothing)
    assert found.difference == pytest.approx(0.04)
    assert np.isnan(found.low)
    assert np.isnan(found.high)


def test_it_covers_the_true_difference() -> None:
    """Studies of an arm's normal seeds each, of unequal spreads: 95% of 4,000 intervals, within 3 standard errors."""
    rng = np.random.default_rng(0)
    a_S, b_S = rng.normal(0.1, 0.01, (4000, 5)), rng.normal(0.04, 0.03, (4000, 8))
    tables = [
        table(*(row(y.mean(), y.std(ddof=1) / np.sqrt(len(y)), len(y) - 1, level=str(i)) for i, y in enumerate(s)))
        for s in (a_S, b_S)
    ]
    found = side_by_side(*tables, (0.95, 0.95))
    covered = ((found["low"] < 0.06) & (found["high"] > 0.06)).mean()
    assert abs(covered - 0.95) < 3 * np.sqrt(0.05 * 0.95 / 4000)


@pytest.mark.parametrize(
    ("one", "other", "agreement"),
    [
        ("higher", "higher", "same"),
        ("undecided", "undecided", "same"),
        ("higher", "lower", "opposed"),
        ("higher", "equivalent", "opposed"),
        ("higher", "undecided", "open"),
        ("too few seeds", "equivalent", "open"),
        ("no hypothesis", "too few seeds", "open"),
    ],
)
def test_agreement(one: str, other: str, agreement: str) -> None:
    for a, b in ((one, other), (other, one)):
        assert compared(row(0.0, 0.1, 5, verdict=a), row(0.0, 0.1, 5, verdict=b)).agreement == agreement


@pytest.mark.parametrize("key", ["factor", "level", "relative_to", "suite", "metric", "budget"])
def test_what_is_compared_with_something_else_is_another_comparison(key: str) -> None:
    found = side_by_side(table(row(0.0, 0.1, 5)), table(row(0.0, 0.1, 5, **{key: "other"})), (0.95, 0.95))
    assert sorted(found["where"]) == ["a", "b"]
    assert found["agreement"].isna().all()
    assert found["difference"].isna().all()


def test_one_pair_each_is_compared_whatever_its_name() -> None:
    a, b = row(0.05, 0.01, 8), row(0.02, 0.01, 8, model="other", dataset="others")
    assert compared(a, b).difference == pytest.approx(0.03)
    several = table(b, row(0.02, 0.01, 8, model="third"))
    assert sorted(side_by_side(table(a), several, (0.95, 0.95))["where"]) == ["a", "b", "b"]
    shared = side_by_side(table(a), table(b, a), (0.95, 0.95))
    assert sorted(shared["where"]) == ["b", "both"]
    assert set(shared["model"]) == {"m", "other"}
