"""MLflow as a view of ``results/``: files → MLflow, as often as one likes, with the same outcome.

``view`` reads what a study's files say and imports no mlflow; ``store`` makes an MLflow store show exactly that;
``ui`` is the command that opens it. The store can be deleted at any time and is rebuilt by the next import.
"""

from __future__ import annotations

import os

# read by mlflow when it is imported, hence here: before any module of this package can import it
ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_LOGGING_LEVEL": "CRITICAL",  # its errors are raised as well, and reported once
    "MLFLOW_SQLALCHEMYSTORE_POOLCLASS": "NullPool",  # a pooled connection would outlive a deleted store
}
os.environ.update(ENVIRONMENT)
