"""The command that opens MLflow's UI."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from mlflow_store import (
    ENVIRONMENT,
    URI,
    fails,
    publish,
    study,
)
from rftlab.views.track.ui import SERVER_ENVIRONMENT, chart_urls, ui_command


def test_the_ui_command_stays_on_this_machine() -> None:
    publish(study())
    command = ui_command(URI, 5001)
    assert command[1:5] == ["-P", "-m", "mlflow", "server"]
    options = dict(zip(command[5::2], command[6::2], strict=True))
    assert (options["--host"], options["--port"], options["--workers"]) == ("127.0.0.1", "5001", "1")
    assert options["--artifacts-destination"] == str(Path("results/mlartifacts").absolute())
    assert options["--backend-store-uri"] == f"sqlite:///{Path('results/mlflow.db').absolute()}"
    assert SERVER_ENVIRONMENT["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"
    assert list(chart_urls(URI, 5001)) == ["synthetic"]
    assert chart_urls(URI, 5001)["synthetic"].endswith("&compareRunsMode=CHART&viewStateShareKey=rftlab")
    assert "no such store" in fails("--serve", "--store", "sqlite:///none.db")
    assert not Path("none.db").exists()


def test_it_opens_beside_files_of_the_user_whatever_their_names() -> None:
    publish(study())
    for name in ("types", "yaml", "statistics", "mlflow"):
        Path(f"{name}.py").write_text("raise SystemExit(f'{__file__} was imported')")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-P", "-m", "rftlab.views.track", "--serve", "--port", str(port)]
    with subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as server:
        try:
            assert answers(f"http://127.0.0.1:{port}/health", server)
        finally:
            server.terminate()
            output = server.communicate()[0].decode()
    assert "was imported" not in output


def answers(url: str, server: subprocess.Popen[bytes]) -> bool:
    """Whether the server answers before it ends, or 2 minutes have passed."""
    until = time.monotonic() + 120
    while server.poll() is None and time.monotonic() < until:
        try:
            with urllib.request.urlopen(url) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    return False
