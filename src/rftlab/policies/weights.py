"""Files that hold a model's weights: one, or several and their index. Planning imports this module: no torch."""

from __future__ import annotations

import json
import os
from pathlib import Path

from rftlab.errors import BadInputError

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"  # of weights in several files, as others publish them


def weight_files(folder: Path) -> list[str]:
    """Names of the files that hold the weights of a directory: one, or those that its index lists.

    Raises:
        BadInputError: the index is none.
    """
    exists = os.path.isfile  # Path.is_file raises for names that are too long
    return [WEIGHTS] if exists(folder / WEIGHTS) or not exists(folder / INDEX) else shards(folder)


def shards(folder: Path) -> list[str]:
    """Names of the files that weights are split into.

    Raises:
        BadInputError: the index is none.
    """
    try:
        names = set(json.loads((folder / INDEX).read_text(encoding="utf-8"))["weight_map"].values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadInputError(f"{folder / INDEX} is no index of weights: {error!r}") from None
    if not names or not all(isinstance(name, str) and Path(name).name == name not in ("", "..") for name in names):
        raise BadInputError(f"{folder / INDEX} is no index of weights: names of files beside it are needed")
    return sorted(names)
