"""An empty store for every test of MLflow: migrations take seconds, so it is made once and copied."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from mlflow_store import DB
from rftlab.views.track.store import open_store


@event.listens_for(Engine, "connect")
def do_not_wait_for_the_disk(connection: sqlite3.Connection, _: object) -> None:
    connection.execute("PRAGMA synchronous = OFF")


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrations take seconds: run once, copied by every test."""
    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    with open_store(f"sqlite:///{path}", 60):
        return path


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    DB.parent.mkdir()
    shutil.copyfile(empty_store, DB)
    return tmp_path
