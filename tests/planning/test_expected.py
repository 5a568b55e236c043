"""``expected.json`` has every run and evaluation of a plan with the params of its job."""

from __future__ import annotations

import json

from rftlab.files import digest
from rftlab.planning.expected import expected
from rftlab.planning.plan import Plan
from rftlab.study.read import read_study
from studies import STUDY, planned


def test_every_run_and_evaluation_with_what_its_job_is_given() -> None:
    plan = planned()
    document = expected(plan)
    assert list(document["runs"]) == [plan.run_folder(run) for run in plan.runs()]
    assert set(document["evaluations"]) == set(plan.evaluations(plan.runs()))
    run = plan.run("tiny", "chains", "lr/zero", 1)
    assert document["runs"][plan.run_folder(run)] == {
        "code": plan.run_params(run)["code"],
        "config": plan.run_json(run),
    }
    params = plan.evaluation_params(run, "ood")
    found = document["evaluations"][plan.evaluation(run, "ood")]
    assert found == {"code": params["code"], "config": json.loads(params["config"])}
    params = plan.base_params("tiny", plan.prompt_digest("chains"))
    found = document["evaluations"][plan.base_evaluation("tiny", "chains")]
    assert found == {"code": params["code"], "config": json.loads(params["config"])}


def test_it_is_the_same_from_the_study_that_the_stage_is_given() -> None:
    plan = Plan(read_study(STUDY, []))
    given = json.loads(plan.study.model_dump_json(exclude_unset=True, exclude={"state"}))
    assert digest(expected(Plan(read_study(given, [])))) == digest(expected(plan))


def test_a_level_changes_what_is_expected_of_its_runs_alone() -> None:
    before, after = expected(planned()), expected(planned(("factors/lr/zero", {"optimizer.lr": 1e-6})))
    differ = {path for path in before["runs"] if before["runs"][path] != after["runs"][path]}
    assert differ == {path for path in before["runs"] if "/lr/zero/" in path}
    assert before["evaluations"] == after["evaluations"]
