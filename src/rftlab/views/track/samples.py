"""Completions for the summary run: what the base model, a level and its reference wrote to the same queries.

Greedy answers of the lowest seed at its last checkpoint, for the first queries of every reported set: the same ones for
all levels, chosen by nothing. Imports no mlflow.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rftlab.errors import BadInputError
from rftlab.runfolder.study_plan import PlannedRun, StudyPlan

QUERIES = 4  # of a set
ROWS = 2000  # in all
COLUMNS = ["evaluation_set", "query", "round", "completion", "correct"]
Answers = Mapping[tuple[str, str], tuple[str, bool]]  # set and query → completion, and whether it is correct


def samples(plan: StudyPlan, folder: Path) -> list[dict[str, Any]]:
    """Rows for a table, at most :data:`ROWS`; a file of outcomes that is not there any more leaves its rows out.

    ``folder`` is that of the study's results, wherever it was moved; texts of queries are given where the files of
    the evaluation sets are still where the plan says.

    Raises:
        BadInputError: a file of outcomes cannot be read.
    """
    first = {(run.pair, run.variant): run for run in sorted(plan.runs, key=lambda run: -run.seed)}
    texts = {name: _texts(Path(one.path)) for name, one in plan.evaluation_sets.items()}
    answers: dict[tuple[Any, str], Answers] = {}
    rows: list[dict[str, Any]] = []
    for (pair, variant), run in sorted(first.items(), key=lambda item: plan.runs.index(item[1])):
        if run.relative_to is None or (pair, run.relative_to) not in first:
            continue
        wanted = [(pair, variant), (pair, run.relative_to)]
        for key in wanted:
            if key not in answers:
                answers[key] = _answers(first[key], plan, folder)
        if (pair, "") not in answers:
            answers[pair, ""] = _read(_found(run.base, run, folder), _sets(run, plan))
        rows += _rows(run, texts, *(answers[key] for key in [(pair, ""), *reversed(wanted)]))
        if len(rows) >= ROWS:
            break
    return rows[:ROWS]


def _rows(
    run: PlannedRun, texts: Mapping[str, Mapping[str, str]], base: Answers, reference: Answers, level: Answers
) -> Iterator[dict[str, Any]]:
    for name, query in level:
        if (name, query) in reference and (name, query) in base:
            found = {"base": base[name, query], "reference": reference[name, query], "level": level[name, query]}
            yield {
                "compared": f"{run.variant} vs {run.relative_to}",  # the UI shows few columns at a time
                "query": texts[name].get(query, query),
                **{f"{who} wrote": completion for who, (completion, _) in found.items()},
                **{f"{who} correct": correct for who, (_, correct) in found.items()},
                "evaluation_set": name,
                "model": run.model,
                "dataset": run.dataset,
                "seed": run.seed,
            }


def _sets(run: PlannedRun, plan: StudyPlan) -> list[str]:
    return [name for names in run.suites.values() for name in names if plan.splits[name] != "validation"]


def _answers(run: PlannedRun, plan: StudyPlan, folder: Path) -> Answers:
    parts = [_read(_found(path, run, folder), _sets(run, plan)) for path in run.evaluations.values()]
    return {key: answer for part in parts for key, answer in part.items()}


def _found(path: str, run: PlannedRun, folder: Path) -> Path:
    """Where a file of the study's results is now."""
    root = Path(run.folder.removesuffix(f"/runs/{run.key}"))
    return folder / Path(path).relative_to(root) if Path(path).is_relative_to(root) else Path(path)


def _read(path: Path, sets: list[str]) -> Answers:
    """Greedy answers of the last checkpoint to the first queries of each set; none where there is no file."""
    if not path.is_file():
        return {}
    try:
        table = pq.read_table(
            path, columns=COLUMNS, filters=[("decoding", "=", "greedy"), ("evaluation_set", "in", sets)]
        )
    except pa.ArrowException as error:
        raise BadInputError(f"{path}: not a file of outcomes ({str(error).splitlines()[0]})") from None
    frame = table.to_pandas()
    frame = frame[frame["round"] == frame["round"].max()].sort_values(["evaluation_set", "query"])
    frame = frame.groupby("evaluation_set", sort=False).head(QUERIES)
    columns = (frame[name].tolist() for name in ("evaluation_set", "query", "completion", "correct"))
    return {(name, query): (completion, correct) for name, query, completion, correct in zip(*columns, strict=True)}


def _texts(path: Path) -> dict[str, str]:
    """Query → its text, as far as the file of an evaluation set is there."""
    if not path.is_file():
        return {}
    records = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    return {str(record["id"]): str(record["query"]) for record in records}
