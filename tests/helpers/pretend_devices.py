"""CUDA devices that are not there: an nvidia-smi, first on the search path, that lists some."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rftlab.jobs.devices import VISIBLE
from rftlab.jobs.environment import DEVICES


def pretend(folder: Path, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Let this process and all it starts find ``count`` devices, and keep their locks in ``folder``."""
    program = folder / "nvidia-smi"
    lines = "".join(f"echo '{index}, GPU-{index}{index}{index}{index}-0000'\n" for index in range(count))
    program.write_text(f"#!/bin/sh\n{lines}")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join([str(folder), os.environ["PATH"]]))
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)  # which remembers where it was
    monkeypatch.delenv(VISIBLE, raising=False)
    monkeypatch.setenv(DEVICES, "{}")  # an offer sets it: afterwards it is as before
