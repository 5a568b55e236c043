"""What all tests share: one thread, and no deadlines, since a busy machine is slow without being wrong."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# read by numpy and torch when they are imported, which only tests do
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

# a shell that starts the tests in the background has them, and all they start, ignore Ctrl-C
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("rftlab", deadline=None)
settings.load_profile("rftlab")


@pytest.fixture(scope="session")
def repository() -> Path:
    """Root of the repository."""
    return Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def _clean_environment() -> Iterator[None]:
    """No test leaves a variable that the next one, in the same process, would read."""
    before = _environment()
    yield
    assert _environment() == before


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith(("RFTLAB_", "CUDA_VISIBLE_", "HF_"))}


@pytest.fixture
def untraced() -> Iterator[None]:
    """Without coverage, for sweeps of which it would double the time (under xdist ``no_cover`` does not stop it)."""
    trace = sys.gettrace()
    sys.settrace(None)
    yield
    sys.settrace(trace)
