"""Where a store keeps what, and the command that opens MLflow's UI on it. Imports no mlflow."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from rftlab.errors import BadInputError
from rftlab.views.track import ENVIRONMENT
from rftlab.views.track.charts import KEY

PREFIX = "sqlite:///"
SERVER_ENVIRONMENT = ENVIRONMENT | {
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # unused here, and would start a dozen more processes
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "PYTHONSAFEPATH": "1",  # a statistics.py in the working folder is the user's
}


def store_path(uri: str) -> Path:
    """The file of a store ``sqlite:///<path>``.

    Raises:
        BadInputError: the store is something else.
    """
    if not uri.startswith(PREFIX) or uri == PREFIX:
        raise BadInputError(f"--store {uri}: must be {PREFIX}<file>, for instance {PREFIX}results/mlflow.db")
    return Path(uri.removeprefix(PREFIX))


def artifact_folder(uri: str) -> Path:
    """The folder of a store's artifacts: ``mlartifacts`` beside it."""
    return store_path(uri).with_name("mlartifacts")


def ui_command(uri: str, port: int) -> list[str]:
    """The command that serves a store's UI on this machine alone, in one worker; needs :data:`SERVER_ENVIRONMENT`.

    Artifacts are proxied by this server (URIs ``mlflow-artifacts:/…``), so a store, its artifacts and
    the results beside them can be moved together. Opened with ``mlflow server`` by hand, it needs the same
    ``--artifacts-destination``.

    Raises:
        BadInputError: there is no such store; MLflow would make an empty one.
    """
    path = store_path(uri).absolute()  # the server's own workers import from where they run, so that it runs elsewhere
    if not path.is_file():
        raise BadInputError(f"{path}: no such store; import a study first (python -m rftlab.views.track --plan …)")
    command = [
        sys.executable,
        "-P",
        "-m",
        "mlflow",
        "server",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--workers",
        "1",
    ]
    artifacts = artifact_folder(f"{PREFIX}{path}")
    return [*command, "--backend-store-uri", f"{PREFIX}{path}", "--artifacts-destination", str(artifacts)]


def chart_urls(uri: str, port: int) -> dict[str, str]:
    """Study → address of its charts, grouped by variant and the primary endpoint first.

    MLflow opens an experiment on pages about traces unless the address says that it holds training runs.
    """
    with closing(sqlite3.connect(f"{store_path(uri).absolute().as_uri()}?mode=ro", uri=True)) as connection:
        query = "SELECT name, experiment_id FROM experiments WHERE lifecycle_stage = 'active' AND name <> 'Default'"
        experiments = dict(connection.execute(f"{query} ORDER BY name").fetchall())
    page = f"http://127.0.0.1:{port}/#/experiments/{{}}/runs?workflowType=machine_learning&compareRunsMode=CHART"
    page += f"&viewStateShareKey={KEY}"
    return {study: page.format(identifier) for study, identifier in experiments.items()}
