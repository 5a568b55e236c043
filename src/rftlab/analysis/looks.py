"""``looks/<k>.json``: what a race says after look k, and the runs that the next look asks for.

Stage: ``python -m rftlab.analysis.looks --plan results/<study>/plan.json --expected results/<study>/expected.json
--data results/<study>/data.json --look K --output results/<study>/looks/K.json``. The file steers Snakemake and tells
people; tables are made from results alone, and never from it.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path
from typing import Any

from rftlab.analysis.finished import FinishedRuns
from rftlab.analysis.race import Standing, rows
from rftlab.errors import BadInputError, one_line_errors
from rftlab.files import write_json
from rftlab.runfolder.expected import read_expected
from rftlab.runfolder.read import read_document
from rftlab.runfolder.study_plan import PlannedRun, StudyPlan, read_plan


@one_line_errors
def main(argv: list[str] | None = None) -> None:
    """Take a look, counted from 1.

    Raises:
        BadInputError: a run that it asks for is missing or not what the plan says, or the race ends before this look.
    """
    parser = argparse.ArgumentParser(prog="python -m rftlab.analysis.looks")
    for name in ("--plan", "--expected", "--data", "--output"):
        parser.add_argument(name, required=True, type=Path)
    parser.add_argument("--look", required=True, type=int)
    arguments = parser.parse_args(argv)
    plan = read_plan(arguments.plan)
    runs = FinishedRuns(plan, read_expected(arguments.expected), read_document(arguments.data))
    standing = next(itertools.islice(runs.standings(), arguments.look - 1, None), None)
    if standing is None:
        raise BadInputError(f"{arguments.plan}: the race of {plan.study} has no look {arguments.look}")
    write_json(arguments.output, describe(standing, plan))


def describe(standing: Standing, plan: StudyPlan) -> dict[str, Any]:
    """Content of a look's file; ``next`` are runs by their place below ``runs``, none where the race has ended."""
    more = [run.key for run in following(standing, plan)]
    return {"study": plan.study, "look": standing.looks, "verdicts": verdicts(standing), "next": more}


def following(standing: Standing, plan: StudyPlan) -> list[PlannedRun]:
    """The runs that the next look asks for, in the plan's order."""
    return [
        run
        for run in plan.runs
        if (count := standing.next.get((run.pair, run.variant)))
        and run.seed in plan.seeds[standing.asked[run.pair, run.variant] : count]
    ]


def verdicts(standing: Standing) -> list[dict[str, Any]]:
    """What is said of each comparison, for people."""
    return [
        {key: row[key] for key in ("model", "dataset", "factor", "level", "suite", "budget", "n_seeds", "verdict")}
        for row in rows(standing)
    ]


if __name__ == "__main__":
    main()
