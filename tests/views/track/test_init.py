"""MLflow sends nothing, loads no pickles and leaves its errors to us: decided before it can be imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from mlflow_store import ENVIRONMENT as HERE
from rftlab.views.track import ENVIRONMENT

SHOWN = "print(json.dumps({name: os.environ.get(name) for name in " + repr(list(ENVIRONMENT)) + "}))"


def run(code: str, **environment: str) -> str:
    """What a process prints that has nothing of ours in its environment but what is given."""
    kept = {name: value for name, value in HERE.items() if name not in ENVIRONMENT}
    done = subprocess.run(
        [sys.executable, "-c", f"import json, os, sys\n{code}"],
        capture_output=True,
        text=True,
        check=True,
        env=kept | environment,
    )
    return done.stdout.strip()


def test_importing_the_package_decides_it_and_imports_no_mlflow() -> None:
    shown = run(f"import rftlab.views.track\n{SHOWN}\nprint('mlflow' in sys.modules)").splitlines()
    assert json.loads(shown[0]) == ENVIRONMENT
    assert shown[1] == "False"
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"


def test_what_the_user_has_set_does_not_count() -> None:
    others = {"MLFLOW_DISABLE_TELEMETRY": "false", "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "true"}
    assert json.loads(run(f"import rftlab.views.track.view\n{SHOWN}", **others)) == ENVIRONMENT


def test_mlflow_reads_it_when_the_store_imports_it() -> None:
    code = (
        "import rftlab.views.track.store\n"
        "from mlflow import environment_variables as variables\n"
        "from mlflow.telemetry.client import get_telemetry_client\n"
        "print(variables.MLFLOW_ALLOW_PICKLE_DESERIALIZATION.get(), variables.MLFLOW_SQLALCHEMYSTORE_POOLCLASS.get(), "
        "get_telemetry_client())"
    )
    assert run(code) == "False NullPool None"
