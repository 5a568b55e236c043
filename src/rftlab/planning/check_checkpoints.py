"""Whether a study asks something of checkpoints that are gone: found before any job runs. Imports no torch.

Snakemake deletes an output before it makes it anew: an evaluation that failed for want of checkpoints would take the
earlier outcomes with it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rftlab.errors import BadInputError
from rftlab.evaluation.removal import training_cost
from rftlab.files import digest, read_json
from rftlab.planning.plan import Plan
from rftlab.planning.tuning import every_run
from rftlab.runfolder.log import REMOVED
from rftlab.study.variants import Run


def products_of(plan: Plan, run: Run) -> dict[str, Any]:
    """What a run's checkpoints are made into: by suite, its evaluation sets and the digest of how they are evaluated.

    ``run`` is the digest of how the run itself is trained.
    """
    suites = {
        suite: {"sets": sets, "digest": digest(plan.evaluation_params(run, suite))}
        for suite, sets in plan.suites_of(run).items()
    }
    return {"run": digest(plan.run_params(run)), "suites": suites}


def refuse_removed(plan: Plan) -> None:
    """Refuse a study whose evaluations would have to read removed checkpoints of a run that is not trained again.

    Raises:
        BadInputError: with the sets, and what training the runs again would cost.
    """
    runs: list[Path] = []
    sets: set[str] = set()
    for run in every_run(plan):
        folder = Path(plan.run_folder(run))
        if not ((folder / REMOVED).is_file() and (folder / "checkpoints.json").is_file()):
            continue
        removal, products = read_json(folder / REMOVED), products_of(plan, run)
        if not removal["removed"] or removal["made"]["run"] != products["run"]:
            continue
        before = removal["made"]["suites"]
        new = {suite: one for suite, one in products["suites"].items() if before.get(suite) != one}
        if new:
            runs.append(folder)
            for suite, one in new.items():
                sets |= set(one["sets"]) - set(before.get(suite, {"sets": []})["sets"]) or set(one["sets"])
    if runs:
        raise BadInputError(
            f"checkpoints: {plan.study.checkpoints}: the checkpoints of {len(runs)} runs were removed, and evaluating "
            f"{', '.join(sorted(sets))} needs them; training these runs again costs {training_cost(runs)}: "
            f"take the change back, or remove their checkpoints.json, that of {runs[0]} for instance"
        )
