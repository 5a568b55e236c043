"""The record that a run keeps about itself."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from rftlab import provenance


def test_a_record_holds_no_environment_variables(monkeypatch) -> None:
    monkeypatch.setenv("SOME_TOKEN", "s3cr3t-value")
    record = provenance.record("0123", {"data": {"sha256": "ab"}}, time.time() - 2)
    assert "s3cr3t-value" not in str(record)
    assert record["code"] == "0123"
    assert record["data"] == {"sha256": "ab"}
    assert 2 <= record["seconds"] < 60
    assert record["python"] == ".".join(map(str, sys.version_info[:3]))
    assert {"commit", "dirty", "packages", "platform", "threads", "wall_start"} <= record.keys()


def test_a_folder_without_git_has_no_commit(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert provenance.repository() == {"commit": None, "dirty": None}
