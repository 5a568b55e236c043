"""What MLflow should show of a study, as its files have it. Imports no mlflow.

A run is a *head* that never changes (parameters, inputs) and *streams* that only grow (training curves, seconds,
evaluations of one set, checkpoints). The digest of a stream's first k rows tells growth from rewritten history.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from rftlab.errors import BadInputError
from rftlab.files import digest, file_sha256
from rftlab.runfolder.study_plan import TABLES, PlannedRun, StudyPlan, read_plan
from rftlab.views.findings import findings
from rftlab.views.results import read_results
from rftlab.views.track.charts import SECTION, primary_curve, shared_view
from rftlab.views.track.files import Evaluations, RunFiles, flatten, read_evaluations
from rftlab.views.track.samples import samples
from rftlab.views.warnings import warnings

IDENTITY = ("model", "dataset", "variant", "factor", "level", "relative_to", "seed")


class Row(NamedTuple):
    """Metrics of one round: ``time_ms`` is when the round happened (Unix ms), not when it was imported."""

    round: int
    time_ms: int
    values: dict[str, float]


class Checkpoint(NamedTuple):
    """Weights on disk: where they lie, below the folder that holds all studies, and what they are."""

    round: int
    path: str
    sha256: str
    rollouts: int
    tokens: int


class Input(NamedTuple):
    """A dataset that a run was trained or evaluated on; ``context`` is ``training`` or ``evaluation``."""

    name: str
    digest: str
    path: str
    context: str


Streams = dict[str, Sequence[Row]]


@dataclass(frozen=True)
class RunView:
    """One run of the study. ``status`` is ``running``, ``finished`` or ``diverged``; params and tags are strings."""

    key: str
    name: str
    status: str
    params: dict[str, str]
    tags: dict[str, str]
    inputs: list[Input]
    streams: Streams
    checkpoints: Sequence[Checkpoint]

    def state(self) -> dict[str, Any]:
        """What an import of this view has imported: digests, and the number of rows by stream. JSON."""
        streams = {name: [len(rows), stream_digest(rows)] for name, rows in self._all_streams().items()}
        return {"head": digest([self.name, self.params, self.inputs]), "tags": digest(self.tags), "streams": streams}

    def imported_rows(self, earlier_state: dict[str, Any]) -> dict[str, int] | None:
        """Number of rows by stream that the store has already, or None when the files no longer say what was imported.

        ``earlier_state`` is the :meth:`state` of the earlier import.
        """
        streams = self._all_streams()
        for name, (count, rows_digest) in earlier_state["streams"].items():
            if stream_digest(streams.get(name, [])[:count]) != rows_digest:
                return None
        if earlier_state["head"] != self.state()["head"]:
            return None
        return {name: count for name, (count, _) in earlier_state["streams"].items()}

    def _all_streams(self) -> dict[str, Sequence[Row] | Sequence[Checkpoint]]:
        return {**self.streams, "checkpoints": self.checkpoints}

    @property
    def times_ms(self) -> list[int]:
        """When its rounds happened, ascending."""
        return sorted(row.time_ms for row in self.streams["train"])

    @property
    def points(self) -> int:
        """Metric values in all streams."""
        return sum(len(row.values) for rows in self.streams.values() for row in rows)


@dataclass(frozen=True)
class StudyView:
    """A study: its runs with at least one round on disk, and its summary: files by artifact path, and a note.

    ``between`` are keys of runs that have a folder but nothing in it to show: just begun, or being published.
    """

    study: str
    description: str
    planned: int
    runs: list[RunView]
    between: frozenset[str]
    summary: dict[str, Path]
    note: str
    plan: StudyPlan
    folder: Path

    @property
    def charts(self) -> str:
        """How the page of charts opens, as MLflow stores it."""
        return shared_view(self.plan)

    def samples(self) -> list[dict[str, Any]]:
        """What was written to some queries, as rows of a table."""
        return samples(self.plan, self.folder)

    @property
    def unfinished(self) -> int:
        """Runs of the plan that have not published their results."""
        return self.planned - sum(run.status != "running" for run in self.runs)


def stream_digest(rows: Sequence[Row] | Sequence[Checkpoint]) -> str:
    """16 hexadecimal digits of the rows; unlike :func:`rftlab.files.digest` it accepts NaN."""
    return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()[:16]


def read_view(plan_path: Path) -> StudyView:
    """Read a study from its plan; everything else is found beside the plan, so that ``results/`` may be moved.

    Raises:
        BadInputError: the plan, a log or the table of evaluations cannot be read.
    """
    if not plan_path.is_file():
        raise BadInputError(f"{plan_path}: no such file; a study's plan is results/<study>/plan.json")
    plan, folder = read_plan(plan_path), plan_path.parent
    evaluations = read_evaluations(folder / "tables" / "evaluations.parquet")
    runs = [view for run in plan.runs if (view := _run(folder, plan, run, evaluations))]
    keys = {view.key for view in runs}
    between = frozenset(run.key for run in plan.runs if run.key not in keys and (folder / "runs" / run.key).exists())
    planned = keys | between | {run.key for run in plan.first_runs}  # a race takes some of those that there can be
    summary, note = _summary(folder), _note(folder)
    return StudyView(plan.study, plan.description, len(planned), runs, between, summary, note, plan, folder)


def _run(folder: Path, plan: StudyPlan, run: PlannedRun, evaluations: Evaluations) -> RunView | None:
    files = RunFiles.read(folder / "runs" / run.key)
    if files is None:
        return None
    below = f"{folder.resolve().name}/runs/{run.key}"
    checkpoints = [
        Checkpoint(c["round"], f"{below}/{c['path']}", c["sha256"], c["rollouts"], c["tokens"])
        for c in (files.manifest["checkpoints"] if files.manifest else [])
    ]
    # every run has every grouping parameter: a chart grouped by one has no group of runs without it
    absent = {"factor": "baseline", "level": "baseline", "relative_to": "none"}
    identity = {name: absent[name] if getattr(run, name) is None else str(getattr(run, name)) for name in IDENTITY}
    digests = {name: str(files.document[name]) for name in ("random_seed", "model_digest", "dataset_digest")}
    status = files.manifest["status"] if files.manifest else "running"
    origin = {
        name: str(files.provenance[name]) for name in ("commit", "code") if files.provenance.get(name) is not None
    }
    return RunView(
        run.key,
        " · ".join([run.variant, *(run.pair if len(plan.pairs) > 1 else ()), f"seed {run.seed}"]),
        status,
        flatten(files.document["config"]) | digests | identity,
        identity | origin | {"status": status},
        _inputs(plan, run),
        _streams(files, plan, run, evaluations.get((run.model, run.dataset, run.variant, run.seed), {})),
        checkpoints,
    )


def _streams(
    files: RunFiles, plan: StudyPlan, run: PlannedRun, evaluations: Mapping[str, Mapping[int, Mapping[str, float]]]
) -> Streams:
    """Training, seconds and, once the run has ended, evaluations by set and the primary endpoint's curve.

    Before that, evaluations are an earlier run's.
    """
    times, rounds = files.times, [row["round"] for row in files.metrics]
    streams: Streams = {
        "train": [_row("train", row["round"], times, row) for row in files.metrics],
        "time": [_row("time", r, times, files.seconds[r]) for r in rounds if r in files.seconds],
    }
    if files.manifest and evaluations:
        curve = primary_curve(plan, run, evaluations)
        streams[SECTION] = [_row(SECTION, r, times, values) for r, values in curve.items()]
        for name, by_round in sorted(evaluations.items()):
            section = f"evaluate/{_metric_name(name)}"
            streams[section] = [_row(section, r, times, values) for r, values in sorted(by_round.items())]
    return streams


def _row(section: str, round_: int, times: Mapping[int, int], values: Mapping[str, Any]) -> Row:
    """Numbers of one round as metrics; infinity becomes NaN, since MLflow would draw it as 1.8e308."""
    numbers = {
        f"{section}/{_metric_name(name)}": float(value) if math.isfinite(value) else math.nan
        for name, value in values.items()
        if name not in ("round", "time_ms") and isinstance(value, int | float)
    }
    return Row(round_, _time_ms(round_, times), numbers)


def _time_ms(round_: int, times: Mapping[int, int]) -> int:
    """Round 0 takes the time of the first round; a run without any times takes one second a round from 1970."""
    if round_ in times:
        return times[round_]
    return times[max((r for r in times if r < round_), default=min(times))] if times else 1000 * round_


def _metric_name(name: str) -> str:
    """``pass@4`` → ``pass_at_4``: MLflow takes letters, digits and ``_-. `` in a name."""
    return re.sub(r"[^A-Za-z0-9_. -]", "_", name.replace("@", "_at_"))


def _inputs(plan: StudyPlan, run: PlannedRun) -> list[Input]:
    train = plan.datasets[run.dataset]
    evaluation_sets = sorted(name for names in run.suites.values() for name in names)
    return [
        Input(run.dataset, train.digest, train.splits["train"], "training"),
        *(Input(name, (one := plan.evaluation_sets[name]).digest, one.path, "evaluation") for name in evaluation_sets),
    ]


def _summary(folder: Path) -> dict[str, Path]:
    """Files of the summary, once there are tables or a report; empty before."""
    files = [p for name in ("tables", "figures") for p in sorted((folder / name).rglob("*")) if p.is_file()]
    files += [p for p in [folder / "report.html"] if p.is_file()]
    return {p.relative_to(folder).as_posix(): p for p in [folder / "plan.json", *files]} if files else {}


def _note(folder: Path) -> str:
    """What the summary is, what was found, and the study's warnings, where the tables are those of the plan."""
    note = "Tables, figures and report of the study, under Artifacts."
    if not all((folder / "tables" / f"{name}.parquet").is_file() for name in TABLES):
        return note
    try:
        results = read_results(folder / "plan.json", folder / "tables")
    except BadInputError as error:
        return f"{note}\n\n{error}"
    found = [f"- **{finding.about}**{finding.rest}" for finding in findings(results)]
    return "\n\n".join(
        ["\n".join(found), note, *(f"**{warning.headline}** {warning.sentence}" for warning in warnings(results))]
    )


def summary_digest(files: Mapping[str, Path]) -> str:
    """Digest of the summary's files: their names and contents."""
    return digest({name: file_sha256(path) for name, path in files.items()})
