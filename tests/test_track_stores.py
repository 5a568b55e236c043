"""Stores that are locked, read-only, older, newer or none: one line, files intact, and a later import is whole."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy
from alembic import command
from mlflow.store.db.utils import _get_alembic_config
from mlflow.store.tracking.dbmodels.initial_models import Base

from rftlab.track.view import read_study
from test_track import DB, ENVIRONMENT, URI, client, empty_store, points, shown, study, workplace

__all__ = ["empty_store", "workplace"]  # fixtures
OLDER = "451aebb31d03"  # a revision of MLflow's schema from 2019


def tracked(plan: Path, *before: str, wait_s: float = 60.0) -> subprocess.CompletedProcess[str]:
    """The stage in a process of its own, with ``before`` in front of its command."""
    line = [*before, sys.executable, "-m", "rftlab.track", "--plan", str(plan), "--store", URI, "--wait", str(wait_s)]
    return subprocess.run(line, capture_output=True, text=True, check=False, env=ENVIRONMENT)


def files() -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in Path("results/synthetic").rglob("*") if path.is_file()}


def locked() -> Iterator[None]:
    with closing(sqlite3.connect(DB)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield


def newer() -> Iterator[None]:
    kept = DB.read_bytes()
    with closing(sqlite3.connect(DB)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = 'ffffffffffff'")
    yield
    DB.write_bytes(kept)


def no_database() -> Iterator[None]:
    DB.write_bytes(b"something else entirely" * 50)
    yield
    DB.unlink()


def another_database() -> Iterator[None]:
    DB.unlink()
    with closing(sqlite3.connect(DB)) as connection, connection:
        connection.execute("CREATE TABLE runs (a INTEGER)")
    yield
    DB.unlink()


def a_folder() -> Iterator[None]:
    DB.unlink()
    DB.mkdir()
    yield
    DB.rmdir()


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (locked, "database is locked"),
        (newer, "written by a newer MLflow"),
        (no_database, "not a database"),
        (another_database, "no such table"),
        (a_folder, "unable to open database file"),
    ],
)
def test_a_store_of_no_use_is_told_in_one_line_and_a_later_import_is_whole(
    harm: Callable[[], Iterator[None]], said: str
) -> None:
    plan = study()
    before = files()
    harmed = harm()
    next(harmed)
    done = tracked(plan, wait_s=0.2)
    assert done.returncode == 1
    assert said in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert files() == before
    assert list(harmed) == []
    done = tracked(plan)
    assert (done.returncode, done.stderr) == (0, "")
    assert points() == sum(run.points for run in read_study(plan).runs)
    assert files() == before


def test_a_store_of_an_older_schema_is_brought_up_to_date() -> None:
    plan = study()
    DB.unlink()
    uri = f"sqlite:///{DB.absolute()}"
    engine = sqlalchemy.create_engine(uri)
    Base.metadata.create_all(engine)
    command.upgrade(_get_alembic_config(uri), OLDER)
    with engine.begin() as connection:
        row = "INSERT INTO experiments (name, artifact_location, lifecycle_stage) VALUES ('other', 'x', 'active')"
        connection.execute(sqlalchemy.text(row))
    engine.dispose()
    done = tracked(plan)
    assert done.returncode == 0, done.stderr
    assert len(shown()) == 3
    assert client().get_experiment_by_name("other") is not None, "what others keep there stays"


@pytest.mark.parametrize("what", [DB, DB.parent], ids=["file", "folder"])
def test_a_read_only_store_is_told_in_one_line(what: Path) -> None:
    """Permissions stop no root: without the right to override them, they do."""
    obeying = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    if obeying and shutil.which("setpriv") is None:
        pytest.skip("as root this needs setpriv (util-linux)")
    plan = study()
    before, writable = files(), what.stat().st_mode
    what.chmod(writable & 0o555)
    try:
        done = tracked(plan, *obeying)
    finally:
        what.chmod(writable)
    assert done.returncode == 1
    assert "readonly" in done.stderr or "cannot be written (Permission denied)" in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert files() == before
    assert tracked(plan).returncode == 0
    assert points() == sum(run.points for run in read_study(plan).runs)


def test_imports_at_the_same_time_are_one_after_the_other() -> None:
    plan = study(seeds=(0, 1))
    line = [sys.executable, "-m", "rftlab.track", "--plan", str(plan), "--store", URI]
    together = [subprocess.Popen(line, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT) for _ in range(4)]
    assert [(one.communicate()[1], one.returncode) for one in together] == [("", 0)] * 4
    assert len(shown()) == 5
    assert points() == sum(run.points for run in read_study(plan).runs)


def test_no_server_is_asked() -> None:
    """What a tracking server does, or whether there is one, is none of the import's business."""
    plan = study()
    nowhere = ENVIRONMENT | {"MLFLOW_TRACKING_URI": "http://127.0.0.1:9"}
    line = [sys.executable, "-m", "rftlab.track", "--plan", str(plan), "--store", URI]
    done = subprocess.run(line, capture_output=True, text=True, check=False, env=nowhere)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(shown()) == 3
