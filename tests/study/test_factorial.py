"""Factors that are crossed: their cells, and designs that cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from studies import changed, planned, refusal

BATCH = ("factors/batch", {"b8": {"rollout.queries": 8}, "b16": {"rollout.queries": 16}})
ROLLOUTS = ("factors/many", {"n2": {"rollout.rollouts": 2}})
TEMPERATURE = ("factors/heat", {"hot": {"rollout.temperature": 1.5}})


def crossed(*factors: str) -> tuple[str, Any]:
    return "design/factorial", list(factors)


def test_every_combination_is_a_variant() -> None:
    before = planned(BATCH, ROLLOUTS)
    plan = planned(BATCH, ROLLOUTS, crossed("many", "batch"))
    new = [variant for name, variant in plan.variants.items() if name not in before.variants]
    assert [variant.name for variant in new] == ["many+batch/n2+b8", "many+batch/n2+b16"]
    assert new[0].overrides == {"rollout.rollouts": 2, "rollout.queries": 8}
    assert [new[1].config["rollout"][key] for key in ("queries", "rollouts")] == [16, 2]
    assert new[0].crossed == ("many/n2", "batch/b8")
    assert [variant.crossed for variant in before.variants.values()] == [()] * len(before.variants)
    assert len(list(plan.runs())) == len(list(before.runs())) + 2 * 3
    assert {run.variant.relative_to for run in plan.runs() if run.variant.crossed} == {None}


def test_three_factors() -> None:
    plan = planned(BATCH, ROLLOUTS, TEMPERATURE, crossed("many", "batch", "heat"))
    names = [name for name, variant in plan.variants.items() if variant.crossed]
    assert len(names) == 2 * 3 * 2 - 1 - 4
    assert "many+batch+heat/n2+b16+hot" in names


def test_runs_of_what_is_not_crossed_stay_as_they_are() -> None:
    before, plan = planned(BATCH, ROLLOUTS), planned(BATCH, ROLLOUTS, crossed("many", "batch"))
    jobs = {run.path: plan.run_params(run) for run in plan.runs()}
    assert all(jobs[run.path] == before.run_params(run) for run in before.runs())


@pytest.mark.parametrize(
    ("factors", "told"),
    [
        (["many", "bach"], "'bach' is not one of advantage, rollouts, lr, batch, many (did you mean 'batch'?)"),
        (["many"], "many alone; two factors at least are crossed"),
        (["many", "batch", "many"], "many is given twice"),
        (
            ["rollouts", "batch"],
            "rollouts/n4 is compared with advantage/group_norm; levels that are crossed change the baseline itself",
        ),
        (["lr", "rates"], "lr/zero and rates/high both set optimizer.lr; levels that are crossed set different keys"),
    ],
)
def test_what_cannot_be_crossed(tmp_path: Path, factors: list[str], told: str) -> None:
    rates = ("factors/rates", {"high": {"optimizer.lr": 0.1}})
    edits = [BATCH, ROLLOUTS, *([rates] if "rates" in factors else []), crossed(*factors)]
    assert refusal(tmp_path, changed(*edits)) == f"design.factorial: {told}"


def test_a_cell_that_is_not_possible_is_named(tmp_path: Path) -> None:
    """Leave-one-out needs two rollouts, which the baseline has here and one of the levels has not."""
    many = ("baseline/rollout/rollouts", 4)
    loo = ("factors/loo", {"yes": {"advantage.name": "leave_one_out"}})
    one = ("factors/one", {"n1": {"rollout.rollouts": 1}})
    planned(many, loo, one)
    line = refusal(tmp_path, changed(many, loo, one, crossed("loo", "one")))
    assert line.startswith("design.factorial: loo+one/yes+n1: ")
