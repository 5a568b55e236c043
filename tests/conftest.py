"""What all tests share: one thread, and no deadlines, since a busy machine is slow without being wrong."""

import os

for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # before anything imports numpy or torch
    os.environ.setdefault(name, "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("rftlab", deadline=None)
settings.load_profile("rftlab")


@pytest.fixture(scope="session")
def repository() -> Path:
    """Root of the repository."""
    return Path(__file__).parent.parent
