"""What every run and evaluation of a plan must have been made with, for ``expected.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rftlab.planning.plan import Plan
from rftlab.planning.tuning import every_run


def expected(plan: Plan) -> dict[str, Any]:
    """Content of ``expected.json``; paths are relative to the folder Snakemake works in."""
    study, runs = plan.study, every_run(plan)
    evaluations = {
        plan.evaluation(run, suite): _job(plan.evaluation_params(run, suite))
        for run in runs
        for suite in plan.suites_of(run)
    }
    bases = {
        plan.base_evaluation(model, dataset): _job(plan.base_params(model, plan.prompt_digest(dataset)))
        for model in study.models
        for dataset in study.datasets
    }
    return {
        "runs": {plan.run_folder(run): _job(plan.run_params(run)) for run in runs},
        "evaluations": evaluations | bases,
    }


def _job(params: Mapping[str, str]) -> dict[str, Any]:
    return {"code": params["code"], "config": json.loads(params["config"])}
