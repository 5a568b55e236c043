"""``tuned/<k>.json``: what a tuned comparison says after look k, and the runs that its next look asks for.

Stage: ``python -m rftlab.analysis.tuned_looks --plan results/<study>/plan.json --expected
results/<study>/expected.json --data results/<study>/data.json --look K --output results/<study>/tuned/K.json``. Look 0
chooses a value for each level; the others are as those of a race (:mod:`rftlab.analysis.looks`). The file steers
Snakemake and tells people; tables are made from results alone, and never from it.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
from pathlib import Path
from typing import Any

from rftlab.analysis.looks import following, verdicts
from rftlab.analysis.tuning import Choices, Tuned, choice_rows
from rftlab.errors import BadInputError, one_line_errors
from rftlab.files import write_json
from rftlab.runfolder.expected import read_expected
from rftlab.runfolder.read import read_document
from rftlab.runfolder.study_plan import PlannedRun, read_plan


@one_line_errors
def main(argv: list[str] | None = None) -> None:
    """Choose, or take a look, counted from 1.

    Raises:
        BadInputError: a run that it asks for is missing or not what the plan says, nothing is tuned, or the comparison
            ends before this look.
    """
    parser = argparse.ArgumentParser(prog="python -m rftlab.analysis.tuned_looks")
    for name in ("--plan", "--expected", "--data", "--output"):
        parser.add_argument(name, required=True, type=Path)
    parser.add_argument("--look", required=True, type=int)
    arguments = parser.parse_args(argv)
    plan = read_plan(arguments.plan)
    if plan.tune is None:
        raise BadInputError(f"{arguments.plan}: {plan.study} tunes nothing")
    tuned = Tuned(plan, plan.tune, read_expected(arguments.expected), read_document(arguments.data))
    scores = tuned.scores()
    choices = tuned.chosen(scores)
    document: dict[str, Any] = {"study": plan.study, "look": arguments.look}
    if arguments.look == 0:
        document["choices"] = [row for row in choice_rows(plan.tune, scores, choices) if row["chosen"]]
        document["next"] = [trained(run, choices) for run in tuned.study(choices).first_runs]
    else:
        finished = tuned.finished(choices)
        standing = next(itertools.islice(finished.standings(), arguments.look - 1, None), None)
        if standing is None:
            raise BadInputError(f"{arguments.plan}: the tuned comparison of {plan.study} has no look {arguments.look}")
        document["verdicts"] = verdicts(standing)
        document["next"] = [trained(run, choices) for run in following(standing, finished.plan)]
    write_json(arguments.output, document)


def trained(run: PlannedRun, choices: Choices) -> str:
    """Where the run of a tuned variant is, below ``runs``: that of the candidate that was chosen."""
    return dataclasses.replace(run, variant=choices[run.pair, run.variant].candidate.variant).key


if __name__ == "__main__":
    main()
