"""``plan.json``: what tables, report and tracking need to know about a study, and nothing that only training needs.

Stage: ``python -m rftlab.planning.planfile --study JSON --jobs DIGEST --output results/<study>/plan.json``. Beside it
goes ``expected.json``, what every run and evaluation must have been made with; ``DIGEST`` is that of its content when
Snakemake planned the jobs. Without ``--output`` nothing is written: before tables are made, the stage only looks
whether code or data were edited while trainings ran, which took the edited code then.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import Any

from rftlab.errors import BadInputError, one_line_errors
from rftlab.files import digest, json_option, write_json
from rftlab.planning.expected import expected
from rftlab.planning.margin import resolved_margin
from rftlab.planning.plan import Plan
from rftlab.planning.tuning import describe_tune
from rftlab.runfolder.expected import EXPECTED
from rftlab.study.read import read_study
from rftlab.study.variants import Run


@one_line_errors
def main(argv: list[str] | None = None) -> None:
    """Write the plan of a study given as one line of JSON.

    Raises:
        BadInputError: code or data are no more what the jobs were planned with.
    """
    parser = argparse.ArgumentParser(prog="python -m rftlab.planning.planfile")
    parser.add_argument("--study", required=True, type=json_option("--study"))
    parser.add_argument("--jobs", required=True)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args(argv)
    plan = Plan(read_study(arguments.study, []))
    jobs = expected(plan)
    if digest(jobs) != arguments.jobs:
        raise BadInputError(
            f"{plan.study.study}: code or data have changed since Snakemake planned its jobs: call it again"
        )
    if arguments.output is not None:
        write_json(arguments.output.with_name(EXPECTED), jobs)
        write_json(arguments.output, describe(plan))


def describe(plan: Plan) -> dict[str, Any]:
    """Content of ``plan.json``; paths are relative to the folder Snakemake works in."""
    study = plan.study
    return {
        "study": study.study,
        "description": study.description,
        "models": {
            name: {
                **plan.resources.model(name),
                "digest": Path(plan.resources.model_folder(name)).name,
                "path": plan.resources.model_folder(name),
            }
            for name in study.models
        },
        "datasets": {
            name: {
                **plan.resources.data[name],
                "digest": plan.resources.data_digests[name],
                "splits": {split: plan.resources.data_file(name, split) for split in plan.resources.splits(name)},
            }
            for name in study.datasets
        },
        "evaluation_sets": {name: _evaluation_set(plan, name) for name in study.evaluation_sets},
        "variants": [
            {
                "name": variant.name,
                "factor": variant.factor,
                "level": variant.level,
                "relative_to": variant.relative_to,
                "overrides": dict(variant.overrides),
            }
            for variant in plan.variants.values()
        ],
        "runs": [_run(plan, run) for run in plan.runs()],
        "evaluation": {
            **study.evaluation.model_dump(include={"samples", "pass_at", "temperature", "top_p", "seed"}),
            "rounds": plan.checkpoint_rounds(
                plan.run(next(iter(study.models)), next(iter(study.datasets)), "baseline", 0)
            ),
        },
        "seeds": study.possible_seeds,
        "race": dataclasses.asdict(study.looks),
        "budget": study.budget.model_dump(exclude_none=True),
        "report": {
            **study.report.model_dump(),
            "equivalence_margin": resolved_margin(plan),
            "margin_of_design": study.report.equivalence_margin is None,
        },
        "tune": describe_tune(plan, _run),
    }


def _evaluation_set(plan: Plan, name: str) -> dict[str, Any]:
    entry = plan.study.evaluation_sets[name]
    path = Path(plan.evaluation_file(name))
    return {
        "path": str(path),
        "digest": path.parent.name,
        "dataset": getattr(entry, "dataset", None),
        "split": entry.split,
        "shift": entry.shift,
    }


def _run(plan: Plan, run: Run) -> dict[str, Any]:
    variant, suites = run.variant, plan.suites_of(run)
    return {
        "model": run.model,
        "dataset": run.dataset,
        "variant": variant.name,
        "factor": variant.factor,
        "level": variant.level,
        "relative_to": variant.relative_to,
        "seed": run.seed,
        "folder": plan.run_folder(run),
        "rounds": plan.checkpoint_rounds(run),
        "suites": suites,
        "evaluations": {suite: plan.evaluation(run, suite) for suite in suites},
        "base": plan.base_evaluation(run.model, run.dataset),
    }


if __name__ == "__main__":
    main()
