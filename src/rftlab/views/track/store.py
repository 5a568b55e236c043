"""Make an MLflow store show a study as its files have it; the only module that imports mlflow."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from alembic.util.exc import CommandError
from filelock import FileLock, Timeout
from mlflow import MlflowClient
from mlflow.db import upgrade
from mlflow.entities import Dataset, DatasetInput, InputTag, LoggedModelOutput, Metric, Param, Run, RunTag
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from rftlab.errors import BadInputError
from rftlab.files import digest
from rftlab.views.results import read_table
from rftlab.views.track import charts, findings, limits
from rftlab.views.track.findings import Findings
from rftlab.views.track.limits import fitting, fitting_key
from rftlab.views.track.ui import PREFIX, artifact_folder, store_path
from rftlab.views.track.view import Checkpoint, Input, RunView, StudyView, summary_digest

KEY = "rftlab.key"
IMPORTED = "rftlab.imported"  # what has been imported, written last; null while an import is under way
NOTE = "mlflow.note.content"  # what the UI shows as a description
SUMMARY = "summary"
DEFAULT = "0"  # an experiment that MLflow puts into every new store; nothing is in it
# the UI shows few columns at a time
PLACES = ("factor", "level", "suite", "evaluation_set", "metric", "budget")
FIRST_COLUMNS = (*PLACES, "estimate", "low", "high", "verdict")
SHOWN_TABLES = ("verdicts", "marginal_gains")


@contextmanager
def open_store(uri: str, wait_s: float) -> Iterator[Store]:
    """Open a store of the newest schema for this process alone; one that does not exist is made.

    Other imports wait at the lock file beside the store. MLflow's own server takes no notice of it: SQLite keeps the
    two apart.

    Raises:
        BadInputError: the store cannot be written, is no MLflow store, or stays locked for ``wait_s`` seconds.
    """
    path = store_path(uri).absolute()  # mlflow keeps one engine per URI, whatever the working directory becomes
    lock = FileLock(path.with_name(f"{path.name}.lock"), timeout=wait_s)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise BadInputError(f"{uri}: another import has held {lock.lock_file} for {wait_s:g} s; try again") from error
    except OSError as error:
        raise BadInputError(f"{uri}: cannot be written ({error.strerror})") from error
    try:
        if exists := path.exists():
            _check_writable(path, wait_s)
            upgrade.callback(f"{PREFIX}{path}")
        else:  # the server, or a process killed half-way through the migrations, must not find half a schema
            new = path.with_name(f".{path.name}.new")
            new.unlink(missing_ok=True)
            upgrade.callback(f"{PREFIX}{new}")
            new.replace(path)
        client = MlflowClient(f"{PREFIX}{path}", f"{PREFIX}{path}")
        if not exists:
            client.delete_experiment(DEFAULT)
        yield Store(client, artifact_folder(uri))
    except CommandError as error:  # its schema is not among those that this MLflow knows
        reason = "the store was written by a newer MLflow; import with that one, or move the store away to have it anew"
        raise BadInputError(f"{uri}: {reason}; the study's files are untouched") from error
    except (MlflowException, SQLAlchemyError, sqlite3.Error, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        raise BadInputError(f"{uri}: {reason}; the study's files are untouched, import again") from error
    finally:
        lock.release()


def _check_writable(path: Path, wait_s: float) -> None:
    """Fail in ``wait_s`` seconds and with SQLite's own words, rather than in the middle of an import."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=wait_s)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.rollback()


@dataclass(frozen=True)
class Store:
    """An open store; ``artifacts`` is the folder that its server serves them from."""

    client: MlflowClient
    artifacts: Path

    def publish(self, view: StudyView) -> Counter[str]:
        """Bring the study's experiment up to date and count created, appended, recreated, unchanged, deleted runs.

        A run that the plan no longer has, or whose folder is gone, is deleted with its models: the files are the
        truth. MLflow keeps deleted runs in its bin until ``mlflow gc``. Runs made by others stay as they are.
        """
        experiment = self._experiment(view)
        stored_runs = self.client.search_runs([experiment], max_results=50_000)
        runs = {run.data.tags[KEY]: run for run in stored_runs if KEY in run.data.tags}
        counts = Counter(self._publish_run(experiment, runs.pop(one.key, None), one) for one in view.runs)
        if view.summary:
            counts[self._publish_summary(experiment, runs.pop(SUMMARY, None), view)] += 1
        for key in runs.keys() - view.between:
            self._delete(runs[key])
            counts["deleted"] += 1
        return counts

    def _experiment(self, view: StudyView) -> str:
        # served by path below the artifact folder, so that a store that was moved still finds its artifacts
        location = f"mlflow-artifacts:/{view.study}"
        note = fitting(view.description, limits.EXPERIMENT_TAG_LENGTH)
        tags = {NOTE: note, "mlflow.experimentKind": "custom_model_development", charts.TAG: view.charts}
        experiment = self.client.get_experiment_by_name(view.study)
        if experiment is None:
            return str(self.client.create_experiment(view.study, location, tags))
        if experiment.artifact_location != location:
            raise BadInputError(f"the store has an experiment {view.study!r} of another origin; rename the study")
        identifier = str(experiment.experiment_id)
        if experiment.lifecycle_stage == "deleted":
            self.client.restore_experiment(identifier)
        for key, value in tags.items():
            if experiment.tags.get(key) != value:
                self.client.set_experiment_tag(identifier, key, value)
        return identifier

    def _publish_run(self, experiment: str, run: Run | None, view: RunView) -> str:
        earlier_state = limits.from_tags(IMPORTED, run.data.tags) if run else None
        if earlier_state == view.state():
            return "unchanged"
        imported_rows = view.imported_rows(earlier_state) if earlier_state else None
        outcome = "created" if run is None else "recreated" if imported_rows is None else "appended"
        if run and imported_rows is None:
            self._delete(run)
        if run is None or imported_rows is None:
            imported_rows = dict.fromkeys(view.state()["streams"], 0)
            start_ms = min(view.times_ms, default=0)
            name = fitting(view.name, limits.RUN_NAME_LENGTH)
            run = self.client.create_run(experiment, start_ms, {KEY: view.key, IMPORTED: "null"}, name)
            params = [
                Param(fitting_key(key), fitting(value, limits.PARAM_LENGTH)) for key, value in view.params.items()
            ]
            for part in limits.parts(params, limits.PARAMS_PER_CALL):
                self.client.log_batch(run.info.run_id, params=part)
            for inputs in limits.parts(view.inputs, limits.DATASETS_PER_CALL):
                self.client.log_inputs(run.info.run_id, [_dataset(one) for one in inputs])
        else:
            self.client.set_tag(run.info.run_id, IMPORTED, "null")
        identifier = run.info.run_id
        new = [row for name, rows in view.streams.items() for row in rows[imported_rows.get(name, 0) :]]
        points = [
            Metric(fitting_key(k), value, row.time_ms, row.round) for row in new for k, value in row.values.items()
        ]
        for part in limits.parts(points, limits.POINTS_PER_CALL):
            self.client.log_batch(identifier, metrics=part)
        new_checkpoints = view.checkpoints[imported_rows["checkpoints"] :]
        if models := [self._register(experiment, identifier, view, c) for c in new_checkpoints]:
            self.client.log_outputs(identifier, models)
        if view.status != "running":
            self.client.set_terminated(identifier, "FINISHED", max(view.times_ms, default=0))
        tags = [RunTag(key, value) for key, value in (view.tags | limits.to_tags(IMPORTED, view.state())).items()]
        for part in limits.parts(tags, limits.PARAMS_PER_CALL):
            self.client.log_batch(identifier, tags=part)
        return outcome

    def _register(self, experiment: str, run: str, view: RunView, checkpoint: Checkpoint) -> LoggedModelOutput:
        """As ``mlflow.create_external_model`` does, less its placeholder file: nothing is copied or pickled."""
        name = f"{view.key}-round-{checkpoint.round}".translate(str.maketrans("/:.%\"'", "-_____"))
        tags = {"path": checkpoint.path, "sha256": checkpoint.sha256, "mlflow.model.isExternal": "true"}
        params = {key: str(getattr(checkpoint, key)) for key in ("round", "rollouts", "tokens")}
        model = self.client.create_logged_model(experiment, name, run, tags, params, model_type="checkpoint")
        self.client.finalize_logged_model(model.model_id, "READY")
        return LoggedModelOutput(model.model_id, checkpoint.round)

    def _publish_summary(self, experiment: str, run: Run | None, view: StudyView) -> str:
        table = view.summary.get(findings.TABLE)
        found = findings.findings(table) if table else findings.NOTHING
        state = {"files": summary_digest(view.summary), "findings": digest(found)}
        note = fitting(view.note, limits.TAG_LENGTH)
        earlier = limits.from_tags(IMPORTED, run.data.tags) if run else None
        if run and (earlier, run.data.tags.get(NOTE)) == (state, note):
            return "unchanged"
        outcome = "appended" if run else "created"
        if run and (not isinstance(earlier, dict) or earlier.get("findings") != state["findings"]):
            self._delete(run)  # MLflow takes back no point of a metric
            run, outcome = None, "recreated"
        if run is None:
            ended_ms = max((time for one in view.runs for time in one.times_ms), default=0)
            tags = {KEY: SUMMARY, IMPORTED: "null", "kind": SUMMARY}
            run = self.client.create_run(experiment, ended_ms, tags, f"summary · {view.study}")
            self._log_findings(run.info.run_id, found, ended_ms)
            self.client.set_terminated(run.info.run_id, "FINISHED", ended_ms)
        self.client.set_tag(run.info.run_id, IMPORTED, "null")
        self.client.set_tag(run.info.run_id, NOTE, note)
        folder = self._artifacts_of(run)
        shutil.rmtree(folder, ignore_errors=True)
        for name, path in view.summary.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, folder / name)
        shown = _shown_tables(view)
        for name, rows in shown.items():  # the layout of MlflowClient.log_table, which the UI shows as a table
            rows.to_json(folder / f"{name}.json", orient="split", index=False)
        tables = json.dumps([{"path": f"{name}.json", "type": "table"} for name in shown])
        self.client.set_tag(run.info.run_id, "mlflow.loggedArtifacts", tables)
        self.client.set_tag(run.info.run_id, IMPORTED, json.dumps(state))
        return outcome

    def _log_findings(self, run: str, found: Findings, time_ms: int) -> None:
        points = [Metric(fitting_key(key), value, time_ms, 0) for key, value in found.metrics.items()]
        for part in limits.parts(points, limits.POINTS_PER_CALL):
            self.client.log_batch(run, metrics=part)
        said = [RunTag(fitting_key(key), text) for key, text in found.tags.items()]
        for tags in limits.parts(said, limits.PARAMS_PER_CALL):
            self.client.log_batch(run, tags=tags)

    def _delete(self, run: Run) -> None:
        for output in run.outputs.model_outputs:
            self.client.delete_logged_model(output.model_id)
        shutil.rmtree(self._artifacts_of(run), ignore_errors=True)
        self.client.delete_run(run.info.run_id)

    def _artifacts_of(self, run: Run) -> Path:
        return self.artifacts / str(run.info.artifact_uri).removeprefix("mlflow-artifacts:/")


def _shown_tables(view: StudyView) -> dict[str, pd.DataFrame]:
    """What the summary shows as tables: verdicts, gains and samples, as far as they are there."""
    shown = {}
    for name in SHOWN_TABLES:
        if path := view.summary.get(f"tables/{name}.parquet"):
            table = read_table(path)
            first = [column for column in FIRST_COLUMNS if column in table]
            shown[name] = table[first + [column for column in table if column not in first]]
    rows = view.samples()
    return shown | ({"samples": pd.DataFrame(rows)} if rows else {})


def _dataset(one: Input) -> DatasetInput:
    source, profile = json.dumps({"uri": one.path}), json.dumps({"digest": one.digest})
    dataset = Dataset(one.name, one.digest[: limits.DATASET_DIGEST_LENGTH], "local", source, profile=profile)
    return DatasetInput(dataset, [InputTag("mlflow.data.context", one.context)])
