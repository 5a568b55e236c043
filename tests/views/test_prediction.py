"""The probe in the report."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from rftlab.views.prediction import READING, estimators, figure, ranks, specification

ROW = {
    "variant": "baseline", "B": 32, "n": 1, "m": 7, "signal": 0.0123, "signal_error": 0.0004, "signal_trained": 0.0984,
    "cosine": -0.5, "cosine_sampled": 0.25, "cosine_trained": None, "silent": 0.125,
}  # fmt: skip
POINT = {
    "model": "m", "dataset": "d", "suite": "id", "budget": "rounds", "verdict": "higher", "variant": "f/a",
    "relative_to": "baseline", "predicted": 2.0, "estimate": 0.031, "low": 0.01, "high": None,
}  # fmt: skip


def document(**changes: Any) -> dict[str, Any]:
    probe = {"model": "m", "dataset": "d", "checkpoint": "final", "reward_mean": 0.52, "rows": [ROW]}
    rank = {"suite": "id", "budget": "rounds", "points": 5, "rho": 0.7, "low": -0.1, "high": 1.0}
    return {"study": "s", "probes": [probe], "points": [POINT], "ranks": [rank]} | changes


def test_a_variant_is_a_row() -> None:
    ((caption, table),) = estimators(document())
    assert caption == "m × d, the baseline's last checkpoint, mean reward 0.52"
    assert len(table.columns) == len(table.rows[0])
    texts = [cell.text for cell in table.rows[0]]
    assert texts == ["baseline", "32×1+7", "0.012", "0.098", "−0.50", "0.25", "–", "12%"]
    assert table.rows[0][2].note == "± 0.0004"


def test_a_rank_correlation_is_a_sentence() -> None:
    assert ranks(document()) == [
        "in distribution, equal rounds: rank correlation of predicted and measured +0.70 [−0.10, +1.00], 5 levels."
    ]
    none = {"suite": "ood", "budget": "rollouts", "points": 2, "rho": None, "low": None, "high": None}
    assert ranks(document(ranks=[none])) == [
        "out of distribution, equal rollouts: no rank correlation, 2 levels can be compared."
    ]


def test_a_level_is_a_point_and_one_without_signal_is_none() -> None:
    mute = POINT | {"variant": "f/b", "predicted": 0.0}
    silent_reference = POINT | {"variant": "f/c", "predicted": None}
    other = POINT | {"variant": "f/d", "suite": "ood"}
    drawn = specification(document(points=[POINT, mute, silent_reference, other]))
    assert [row["variant"] for row in drawn["datasets"]["table"]] == ["f/a", "f/d"]
    assert drawn["datasets"]["table"][0]["estimate"] == pytest.approx(3.1)
    assert len(drawn["concat"]) == 2


@pytest.mark.parametrize("points", [[POINT], []], ids=["a point", "none"])
def test_the_figure_is_a_drawing(points: list[dict[str, Any]]) -> None:
    kind, content = figure(document(points=points)).split(",", 1)
    assert kind == "data:image/svg+xml;base64"
    assert base64.b64decode(content).startswith(b"<svg")


def test_the_reading_names_the_numbers() -> None:
    assert "256 sampled" in READING
