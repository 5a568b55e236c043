"""Pairs pooled: by hand, and what each statement errs in simulated studies."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from rftlab.analysis.estimator import Arm, Term, contrast, moderated
from rftlab.analysis.pooled import POOLED, at_least, pooled
from rftlab.analysis.primary import Comparison
from rftlab.runfolder.study_plan import Pair, PlannedVariant
from simulated import known

N8 = PlannedVariant("rollouts/n8", "rollouts", "n8", "baseline", {})
RNG = np.random.default_rng(5)
ALPHA = 0.05


def pair(
    values_SQ: np.ndarray,
    reference_SQ: np.ndarray,
    *,
    dataset: str = "d",
    queries: str = "q",
    budgets: tuple[str, ...] = ("rounds", "rollouts"),
    **of_all: Any,
) -> Comparison:
    """A level in one pair, from values of its runs and its reference's."""
    arms = [Arm.of(values) for values in (values_SQ, reference_SQ)]
    terms = tuple(Term(c, arm, moderated(arm, None), (queries,)) for c, arm in zip((1, -1), arms, strict=True))
    one = Comparison(Pair("m", dataset), N8, "id", "greedy_auc", budgets, contrast(terms), False, False, terms)
    return dataclasses.replace(one, **of_all)


def drawn(shift: float = 0.0, seeds: int = 4, **how: Any) -> Comparison:
    return pair(RNG.random((seeds, 30)) + shift, RNG.random((seeds, 30)), **how)


def table(found: Sequence[Comparison]) -> pd.DataFrame:
    rows = pooled(found, alpha=ALPHA, margin=0.02)
    assert all(set(row) == set(POOLED) for row in rows)
    return pd.DataFrame(rows, columns=list(POOLED)).astype(POOLED)


# the table -----------------------------------------------------------------------------------------------------------


def test_independent_pairs_by_hand() -> None:
    pairs = [drawn(0.1 * i, dataset=f"{i}", queries=f"{i}") for i in range(4)]
    row = table(pairs).iloc[0]
    y, se = (np.array([getattr(one.found, name) for one in pairs]) for name in ("estimate", "se"))
    assert row["estimate"] == pytest.approx(y.mean())
    error = np.sqrt((se**2).sum()) / 4
    half = stats.t.isf(0.025, row["df"]) * error
    assert [row["low"], row["high"]] == pytest.approx([y.mean() - half, y.mean() + half], rel=0.05)
    t = stats.t.isf(0.025, 3)
    general = t * y.std(ddof=1) / 2
    assert [row["general_low"], row["general_high"]] == pytest.approx([y.mean() - general, y.mean() + general])
    predicted = t * y.std(ddof=1) * np.sqrt(1 + 1 / 4)
    assert row["predicted_high"] - y.mean() == pytest.approx(predicted)
    assert (row["n_pairs"], row["n_seeds"]) == (4, 4)


def test_a_row_for_each_level_suite_and_budget_that_several_pairs_have() -> None:
    both = [drawn(dataset="a"), drawn(dataset="b")]
    assert table(both)["budget"].tolist() == ["rounds", "rollouts"]
    rounds = drawn(dataset="c", budgets=("rounds",))
    rows = table([*both, rounds]).set_index("budget")
    assert rows["n_pairs"].to_dict() == {"rounds": 3, "rollouts": 2}
    assert rows["test_level"].tolist() == pytest.approx([ALPHA / 2] * 2), "two hypotheses"
    assert table(both)["test_level"].tolist() == pytest.approx([ALPHA] * 2), "one, at both budgets"
    assert table([both[0], drawn(suite="ood")]).empty
    assert table(both[:1]).empty


def test_below_three_pairs_nothing_is_said_of_others() -> None:
    row = table([drawn(dataset="a"), drawn(dataset="b")]).iloc[0]
    assert row[["general_low", "general_high", "general_p", "predicted_low", "predicted_high"]].isna().all()


def test_pairs_that_are_inert_or_unsettled_or_have_few_seeds() -> None:
    def verdict(*pairs: Comparison) -> str:
        return str(table(pairs)["verdict"].iloc[0])

    quiet = [pair(*[np.full((4, 3000), 0.5)] * 2, dataset=f"{i}") for i in range(3)]
    assert verdict(*quiet) == "equivalent"
    assert verdict(*quiet[1:], dataclasses.replace(quiet[0], unsettled=True)) == "undecided"
    inert = [dataclasses.replace(one, inert=True) for one in quiet]
    assert pd.isna(table(inert)["test_level"]).all()
    assert verdict(*inert) == "equivalent"
    row = table([drawn(2.0, seeds=2, dataset="a"), drawn(2.0, dataset="b"), drawn(2.0, dataset="c")]).iloc[0]
    assert (row["verdict"], row["higher_in"]) == ("too few seeds", 0)
    one = table([drawn(2.0, seeds=1, dataset="a"), drawn(2.0, dataset="b"), drawn(2.0, dataset="c")]).iloc[0]
    assert one[["low", "general_low"]].isna().all()


def test_equal_pairs_have_no_spread_to_speak_of() -> None:
    same = drawn(queries="a")
    row = table([same, dataclasses.replace(same), dataclasses.replace(same)]).iloc[0]
    assert row["general_low"] < row["estimate"], "their common queries still vary"
    assert table([drawn(dataset=f"{i}", inert=True) for i in range(3)])["higher_in"].tolist() == [0, 0]


# in at least u of n --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("p", "cases"),
    [
        ((0.004, 0.2, 0.3, 0.4, 0.5, 0.6), 1),  # 6·.004 < .025
        ((0.005, 0.2, 0.3, 0.4, 0.5, 0.6), 0),
        ((0.2, 0.004, 0.001, 0.3, 0.5, 0.5), 2),  # 5·.004
        ((0.024, 0.024, 0.024, 0.024, 0.024, 0.024), 6),  # 1·.024, though 6·.024 is more
        ((0.001, 0.001, 0.001, 0.001, 0.001, 0.999), 5),
        ((0.001, float("nan"), 0.001), 2),
        ((), 0),
    ],
)
def test_the_largest_u(p: tuple[float, ...], cases: int) -> None:
    assert at_least(p, 0.025) == cases


def test_both_directions_have_half_of_the_level_and_share_it_with_what_else_is_pooled() -> None:
    def count(*estimates: float, levels: int = 1) -> tuple[int, int]:
        some = [drawn(dataset=f"{i}") for i in range(len(estimates))]
        found = []
        for level in range(levels):
            variant = dataclasses.replace(N8, name=f"f/{level}", level=f"{level}")
            for one, z in zip(some, estimates, strict=True):
                estimate = known(z, 1.0, np.inf, (3, 3), 100)
                found.append(dataclasses.replace(one, variant=variant, found=estimate))
        row = table(found).iloc[0]
        return row["higher_in"], row["lower_in"]

    z = stats.norm.isf
    assert count(z(0.024), z(0.024), z(0.024)) == (3, 0)
    assert count(-z(0.024), -z(0.024), -z(0.024)) == (0, 3)
    assert count(z(0.026), z(0.026), z(0.026)) == (0, 0)
    assert count(z(0.008), 0.0, -z(0.008)) == (1, 1), "3·.008 < .025"
    assert count(z(0.004), z(0.004), z(0.004), levels=3) == (3, 0)
    assert count(z(0.009), z(0.009), z(0.009), levels=3) == (0, 0), "a third of .025"


@pytest.mark.parametrize("common", [0.0, 0.6], ids=["independent", "queries in common"])
@pytest.mark.parametrize("true", [0, 2, 5])
def test_more_cases_than_there_are_are_claimed_no_more_often_than_said(true: int, common: float) -> None:
    rng, n, studies = np.random.default_rng(8), 6, 5000
    shift_n = np.where(np.arange(n) < true, 3.0, 0.0)
    z = shift_n + np.sqrt(common) * rng.normal(size=(studies, 1)) + np.sqrt(1 - common) * rng.normal(size=(studies, n))
    p = stats.norm.sf(z)
    false = [at_least(some, ALPHA / 2) > true or at_least(1 - some, ALPHA / 2) > 0 for some in p]
    assert np.mean(false) <= ALPHA + 2 * np.sqrt(ALPHA * (1 - ALPHA) / studies)


# coverage ------------------------------------------------------------------------------------------------------------


def study(rng: np.random.Generator, spread: float, names: Sequence[str], shift: float = 0.0) -> list[Comparison]:
    """Pairs whose effects spread about ``shift``; those whose queries have one name share its effects on queries."""
    query_effects = {name: rng.normal(0, 0.12, 60) for name in dict.fromkeys(names)}
    pairs = []
    for i, name in enumerate(names):
        effect_Q = shift + rng.normal(0, spread) + query_effects[name] + rng.normal(0, 0.04, 60)
        values = [part + rng.normal(0, 0.01, (5, 1)) + rng.normal(0, 0.1, (5, 60)) for part in (effect_Q, 0 * effect_Q)]
        pairs.append(pair(*values, dataset=f"{i}", queries=name))
    return pairs


SHARED, APART = ["a"] * 6, list("abcdef")


def covered(names: Sequence[str], spread: float, interval: Callable[[list[Comparison]], tuple[float, float]]) -> float:
    rng = np.random.default_rng(21)
    intervals = [interval(study(rng, spread, names)) for _ in range(200)]
    return float(np.mean([low <= 0 <= high for low, high in intervals]))


def over_pairs(pairs: list[Comparison]) -> tuple[float, float]:
    row = pooled(pairs, alpha=ALPHA, margin=0.02)[0]
    return row["low"], row["high"]


def in_general_of(pairs: list[Comparison]) -> tuple[float, float]:
    row = pooled(pairs, alpha=ALPHA, margin=0.02)[0]
    return row["general_low"], row["general_high"]


def as_if_apart(pairs: list[Comparison]) -> tuple[float, float]:
    se = np.sqrt(sum(one.found.se**2 for one in pairs)) / len(pairs)
    return known(float(np.mean([one.found.estimate for one in pairs])), se, 40.0, (5, 5), 60).interval(0.95)


@pytest.mark.parametrize("names", [SHARED, APART], ids=["queries in common", "queries of their own"])
def test_the_mean_over_these_pairs_is_covered(names: list[str]) -> None:
    assert covered(names, 0.0, over_pairs) >= 0.92


@pytest.mark.parametrize("names", [SHARED, APART], ids=["queries in common", "queries of their own"])
def test_the_mean_in_general_is_covered(names: list[str]) -> None:
    assert covered(names, 0.03, in_general_of) >= 0.92


def test_common_queries_taken_for_others_would_not_be_covered() -> None:
    assert covered(SHARED, 0.0, as_if_apart) <= 0.8


def test_one_more_pair_is_predicted() -> None:
    rng, hits = np.random.default_rng(3), 0
    for _ in range(200):
        *six, another = study(rng, 0.03, list("abcdefg"), shift=0.1)
        row = pooled(six, alpha=ALPHA, margin=0.02)[0]
        hits += row["predicted_low"] <= another.found.estimate <= row["predicted_high"]
    assert hits / 200 >= 0.92


def test_a_study_without_effects_has_a_false_verdict_no_more_often_than_it_says() -> None:
    rng, studies, false, counted = np.random.default_rng(13), 150, 0, 0
    for _ in range(studies):
        found = []
        for level in "uvwxyz":
            variant = dataclasses.replace(N8, name=f"f/{level}", factor="f", level=level)
            found += [dataclasses.replace(one, variant=variant) for one in study(rng, 0.0, SHARED)]
        rows = pooled(found, alpha=ALPHA, margin=0.001)
        false += any(row["verdict"] in ("higher", "lower") for row in rows)
        counted += any(row["higher_in"] or row["lower_in"] for row in rows)
    assert false / studies <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / studies)
    assert counted / studies <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / studies)
