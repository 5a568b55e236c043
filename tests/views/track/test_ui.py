"""The command that opens MLflow's UI."""

from __future__ import annotations

from pathlib import Path

from mlflow_store import (
    URI,
    fails,
    publish,
    study,
)
from rftlab.views.track.ui import SERVER_ENVIRONMENT, chart_urls, ui_command


def test_the_ui_command_stays_on_this_machine() -> None:
    publish(study())
    command = ui_command(URI, 5001)
    assert command[1:4] == ["-m", "mlflow", "server"]
    options = dict(zip(command[4::2], command[5::2], strict=True))
    assert (options["--host"], options["--port"], options["--workers"]) == ("127.0.0.1", "5001", "1")
    assert options["--artifacts-destination"] == "results/mlartifacts"
    assert SERVER_ENVIRONMENT["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"
    assert list(chart_urls(URI, 5001)) == ["synthetic"]
    assert "no such store" in fails("--serve", "--store", "sqlite:///none.db")
    assert not Path("none.db").exists()
