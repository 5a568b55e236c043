"""The runs of a tuned comparison: what they are asked, what is in the plan, and what they cost at least and at most."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rftlab.planning.check_checkpoints import products_of
from rftlab.planning.expected import expected
from rftlab.planning.forecast import TUNED, TUNING, Throughput, forecast
from rftlab.planning.plan import Plan
from rftlab.planning.planfile import describe
from rftlab.planning.tuning import choosing_runs, chosen_runs, every_run, least_further, most_further
from rftlab.runfolder.study_plan import study_plan
from studies import planned

RATES = [3.0e-5, 1.0e-4, 3.0e-4]
BATCH = ("factors/batch", {"b8": {"rollout.queries": 8}})


def tuned(rates: list[float] = RATES, *edits: tuple[str, Any]) -> Plan:
    return planned(BATCH, ("tune", {"values": {"optimizer.lr": rates}, "levels": ["batch/b8"]}), *edits)


def test_runs_of_fixed_values_stay_as_they_are() -> None:
    before, plan = planned(BATCH), tuned()
    assert [run.path for run in plan.runs()] == [run.path for run in before.runs()]
    for run in before.runs():
        assert plan.run_params(run) == before.run_params(run)
        for suite in before.suites_of(run):
            assert plan.evaluation_params(run, suite) == before.evaluation_params(run, suite)


def test_nothing_is_added_where_nothing_is_tuned() -> None:
    plan = planned(BATCH)
    assert (choosing_runs(plan), [*chosen_runs(plan)], least_further(plan), most_further(plan)) == ([], [], [], [])
    assert [run.path for run in every_run(plan)] == [run.path for run in plan.runs()]
    assert describe(plan)["tune"] is None


def test_every_candidate_chooses_with_seeds_of_its_own() -> None:
    paths = [run.path for run in choosing_runs(tuned())]
    names = [f"{name}{at}" for name in ("baseline", "batch/b8") for at in ("@3e-05", "", "@0.0003")]
    assert paths == [f"tiny/chains/{name}/seed-{seed}" for name in names for seed in (1000, 1001)]


def test_what_chooses_is_asked_greedy_answers_to_validation_queries_alone() -> None:
    plan = tuned()
    for run in choosing_runs(plan):
        assert plan.suites_of(run) == {"validation": ["chains_validation"]}
        config = json.loads(plan.evaluation_params(run, "validation")["config"])
        assert list(config["sets"]) == ["chains_validation"]
        assert config["evaluation"]["samples"] == 0
    for run in chosen_runs(plan):
        assert list(plan.suites_of(run)) == ["id", "ood"]
        assert json.loads(plan.evaluation_params(run, "id")["config"])["evaluation"]["samples"] == 2


def test_what_its_checkpoints_are_made_into_is_known() -> None:
    plan = tuned()
    run = choosing_runs(plan)[0]
    made = products_of(plan, run)["suites"]
    assert {suite: part["sets"] for suite, part in made.items()} == {"validation": ["chains_validation"]}


def test_a_run_differs_from_its_levels_in_the_value_alone() -> None:
    plan = tuned()
    level, other = (
        json.loads(plan.run_params(plan.run("tiny", "chains", name, 1))["config"])
        for name in ("batch/b8", "batch/b8@0.0003")
    )
    assert (other["variant"], other["factor"], other["level"]) == ("batch/b8@0.0003", "batch", "b8@0.0003")
    assert other["random_seed"] == level["random_seed"]
    assert other["config"].pop("optimizer") == level["config"].pop("optimizer") | {"lr": 3.0e-4}
    assert other["config"] == level["config"]


def test_the_plan_has_all_that_there_can_be() -> None:
    plan = tuned([*RATES], ("seeds", {"race": [3, 4], "reference": 5}))
    document = study_plan(json.loads(json.dumps(describe(plan))), "plan.json")
    assert document.tune is not None
    assert document.tune.key == "optimizer.lr"
    counts = {name: sum(run.variant == name for run in document.tune.runs) for name in ("baseline@3e-05", "batch/b8")}
    assert counts == {"baseline@3e-05": 2 + 5, "batch/b8": 2 + 4}
    assert {v.name for v in document.variants} == set(plan.variants), "candidates are no levels"
    jobs = expected(plan)
    assert {run.folder for run in (*document.runs, *document.tune.runs)} == set(jobs["runs"])
    assert {path for run in document.tune.runs for path in run.evaluations.values()} <= set(jobs["evaluations"])


def test_a_run_is_found_by_its_place() -> None:
    plan = tuned()
    for run in every_run(plan):
        assert plan.run_at(run.path) == run


@pytest.mark.parametrize(("rates", "least"), [(RATES, 0), ([2.0e-5, 2.0e-4], 3 + 3)])
def test_what_it_costs(rates: list[float], least: int) -> None:
    plan = tuned(rates)
    fixed, estimate = forecast(planned(BATCH)), forecast(plan)
    choosing = 2 * len(rates) * 2
    assert (fixed["tune"], estimate["tune"], estimate["race"]) == (False, True, False)
    rows = {row["variant"]: row for row in estimate["variants"]}
    assert (rows[TUNING]["runs"], rows[TUNED]["runs"]) == (choosing, 6)
    assert rows[TUNING]["evaluation_rows"] == choosing * 3 * 4, "three checkpoints, four queries, no samples"
    runs = fixed["totals"]["runs"]
    assert estimate["least"]["runs"] == runs + choosing + least
    assert estimate["totals"]["runs"] == runs + choosing + 6
    assert estimate["least"]["runs"] <= estimate["expected"]["runs"] <= estimate["totals"]["runs"]


def test_hours_are_those_of_all_rows() -> None:
    rates = {"tiny": Throughput(100.0, 1000.0, 10.0, 0.5, 10.0)}
    estimate = forecast(tuned(), rates)
    assert sum(row["hours"] for row in estimate["variants"]) == pytest.approx(estimate["totals"]["hours"])
    assert 0 < estimate["least"]["hours"] < estimate["totals"]["hours"]
    assert forecast(planned(BATCH), rates)["totals"]["hours"] < estimate["least"]["hours"]
