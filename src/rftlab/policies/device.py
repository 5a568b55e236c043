"""Where a stage computes, and that it computes the same again."""

from __future__ import annotations

import os

import torch

from rftlab.errors import BadInputError


def prepare(setting: str) -> torch.device:
    """The device a study asks for: ``auto`` takes a CUDA device where there is one, and the CPU elsewhere.

    From then on every operation is deterministic, or refused: cuBLAS needs a fixed workspace for that, and reads the
    variable when it is first used.

    Raises:
        BadInputError: ``cuda`` is asked for and there is none.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True)
    available = torch.cuda.is_available()
    if setting == "cuda" and not available:
        raise BadInputError("device: cuda is asked for and torch sees no such device; auto or cpu would run here")
    return torch.device("cuda" if available and setting != "cpu" else "cpu")
