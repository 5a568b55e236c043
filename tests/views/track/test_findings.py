"""Gains and verdicts as metrics and tags."""

from __future__ import annotations

from pathlib import Path

import pytest

import presented
from rftlab.views.track import limits
from rftlab.views.track.findings import findings, metrics, tags


def test_gains_and_intervals_are_metrics_in_points() -> None:
    table = presented.study(variants=presented.FEW).verdicts
    row = table[(table["level"] == "n8") & (table["suite"] == "ood") & (table["budget"] == "rollouts")].iloc[0]
    found, key = metrics(table), "gain ood rollouts/rollouts:n8"
    expected = [100 * row[name] for name in ("estimate", "low", "high")]
    assert [found[key], found[f"{key} low"], found[f"{key} high"]] == pytest.approx(expected)
    assert len(found) == 3 * len(table)
    assert "gain id rounds/again" in found


def test_verdicts_are_tags() -> None:
    table = presented.study(variants=presented.FEW).verdicts.assign(estimate=0.061, low=0.043, high=0.079)
    table["verdict"] = "higher"
    said = tags(table)
    assert said["rollouts/n8 id rounds"] == "higher, +6.1 [+4.3, +7.9] points"
    assert len(said) == len(table)


def test_without_an_interval_there_are_no_ends() -> None:
    table = presented.study(variants=presented.FEW, seeds=(0,)).verdicts
    assert not [key for key in metrics(table) if key.endswith(("low", "high"))]
    assert all("[" not in text for text in tags(table).values())


def test_pairs_have_names_of_their_own() -> None:
    table = presented.study(models=("a", "b"), variants=presented.FEW).verdicts
    assert "gain id rounds/a chains rollouts:n8" in metrics(table)
    assert len(tags(table)) == len(table)


def test_keys_are_such_as_mlflow_takes() -> None:
    table = presented.study().verdicts
    for key in [*metrics(table), *tags(table)]:
        assert limits.fitting_key(key) == key


def test_the_order_of_rows_is_of_no_matter(tmp_path: Path) -> None:
    table = presented.study(variants=presented.FEW).verdicts
    for name, rows in (("one", table), ("other", table[::-1])):
        rows.to_parquet(tmp_path / name)
    one, other = (findings(tmp_path / name) for name in ("one", "other"))
    assert [list(part.items()) for part in one] == [list(part.items()) for part in other]
    assert one.metrics == metrics(table)
    assert one.tags == tags(table)
