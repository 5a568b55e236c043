"""Lost runs: their rates with exact intervals, and exact tests against the reference that hold their error."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rftlab.analysis.collapses import COLLAPSES, collapses, holm
from rftlab.runfolder.study_plan import PlannedVariant

VARIANTS = [
    PlannedVariant("baseline", None, None, None, {}),
    PlannedVariant("again", "noise_floor", "again", "baseline", {}),
    PlannedVariant("lr/high", "lr", "high", "baseline", {}),
    PlannedVariant("lr/higher", "lr", "higher", "lr/high", {}),
    PlannedVariant("control/lr_0", "control", "lr_0", "baseline", {}),
]


def runs(lost: Mapping[str, int], seeds: int = 10, **of_all: Any) -> list[dict[str, Any]]:
    """Rows of runs; the first ``lost`` of a variant collapsed, every other one of these diverged as well."""
    rows = []
    for variant, seed in itertools.product(VARIANTS, range(seeds)):
        row = {"model": "m", "dataset": "d", "variant": variant.name, "seed": seed, "inert": False}
        dead = seed < lost.get(variant.name, 0)
        row |= {"collapse": "entropy" if dead else "", "status": "diverged" if dead and seed % 2 else "finished"}
        rows.append(row | of_all)
    return rows


def table(some: list[dict[str, Any]], variants: list[PlannedVariant] = VARIANTS) -> pd.DataFrame:
    rows = collapses(some, variants, confidence=0.95)
    assert all(list(row) == list(COLLAPSES) for row in rows)
    return pd.DataFrame(rows).astype(COLLAPSES)


def test_rates_and_exact_intervals() -> None:
    found = table(runs({"lr/high": 3, "lr/higher": 10})).set_index("variant")
    columns = ["n_runs", "n_collapsed", "n_diverged", "n_lost", "rate"]
    assert found.loc["lr/high", columns].tolist() == [10, 3, 1, 3, 0.3]
    # binomial tables: 3 of 10, 10 of 10 and 0 of 10
    assert found.loc["lr/high", ["low", "high"]].tolist() == pytest.approx([0.0667, 0.6525], abs=1e-4)
    assert found.loc["lr/higher", ["low", "high"]].tolist() == pytest.approx([0.025 ** (1 / 10), 1])
    assert found.loc["baseline", ["low", "high"]].tolist() == pytest.approx([0, 1 - 0.025 ** (1 / 10)])


def test_a_run_that_diverged_and_collapsed_is_lost_once() -> None:
    some = runs({}, seeds=4)
    some[0] |= {"status": "diverged"}
    some[1] |= {"collapse": "reward, truncation"}
    some[2] |= {"status": "diverged", "collapse": "reward"}
    baseline = table(some).set_index("variant").loc["baseline"]
    assert baseline[["n_collapsed", "n_diverged", "n_lost"]].tolist() == [2, 2, 3]


def test_each_level_is_tested_against_its_own_reference() -> None:
    found = table(runs({"lr/high": 5, "lr/higher": 10})).set_index("variant")
    # hypergeometric: 5 of 10 against 0 of 10, and 10 of 10 against 5 of 10, are equally unlikely by symmetry
    expected = 2 * 252 / 15504  # C(10,5)·C(10,0) / C(20,5), both tails
    assert found.loc[["lr/high", "lr/higher"], "p"].tolist() == pytest.approx([expected, expected])
    assert found.loc[["lr/high", "lr/higher"], "p_holm"].tolist() == pytest.approx([2 * expected, 2 * expected])


def test_what_is_no_hypothesis_has_no_p_and_counts_in_no_family() -> None:
    found = table(runs({"lr/high": 5, "control/lr_0": 5})).set_index("variant")
    assert found.loc[["baseline", "again"], ["p", "p_holm"]].isna().all(axis=None)
    assert found.loc["control/lr_0", "p_holm"] == found.loc["control/lr_0", "p"], "controls are a family of their own"
    some = [run | {"inert": run["variant"] == "lr/higher"} for run in runs({"lr/high": 5})]
    found = table(some).set_index("variant")
    assert pd.isna(found.loc["lr/higher", "p"])
    assert found.loc["lr/high", "p_holm"] == found.loc["lr/high", "p"]


def test_all_models_and_datasets_are_corrected_together() -> None:
    some = runs({"lr/high": 8}) + runs({"lr/high": 6}, dataset="e")
    found = table(some).set_index(["dataset", "variant"])
    assert len(found) == 2 * len(VARIANTS)
    assert found.loc[("d", "lr/high"), "p_holm"] == pytest.approx(4 * found.loc[("d", "lr/high"), "p"])


@pytest.mark.parametrize(
    ("p", "corrected"),
    [
        ([], []),
        ([0.01, 0.04, 0.03], [0.03, 0.06, 0.06]),
        ([0.5, 0.9, 0.001], [1.0, 1.0, 0.003]),
    ],
)
def test_holm(p: list[float], corrected: list[float]) -> None:
    assert [holm(dict(enumerate(p)))[i] for i in range(len(p))] == pytest.approx(corrected)


def test_a_study_where_all_lose_alike_has_a_false_finding_no_more_often_than_it_says() -> None:
    rng, studies, levels = np.random.default_rng(4), 100, 10
    variants = [VARIANTS[0], *(PlannedVariant(f"f/{i}", "f", f"{i}", "baseline", {}) for i in range(levels))]
    template = [run for run in runs({}, seeds=12) if run["variant"] == "baseline"]
    false = 0
    for _ in range(studies):
        some = [
            run | {"variant": variant.name, "collapse": "reward" if rng.random() < 0.3 else ""}
            for variant in variants
            for run in template
        ]
        false += any(row["p_holm"] < 0.05 for row in collapses(some, variants, confidence=0.95))
    assert false / studies <= 0.05
