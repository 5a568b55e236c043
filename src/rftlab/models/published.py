"""Models as others publish them: a directory or a snapshot of the hub, weights in one safetensors file or several."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rftlab import hub
from rftlab.errors import BadInputError
from rftlab.models import INDEX, WEIGHTS, PolicyDirectory


class PublishedDirectory(PolicyDirectory):
    """A directory whose weights may lie in several files; what is made of it has one.

    Raises:
        BadInputError: a file is missing; pickled weights are never loaded.
    """

    def __init__(self, folder: Path) -> None:
        if (folder / WEIGHTS).is_file() or not (folder / INDEX).is_file():
            super().__init__(folder)
            return
        self.folder = folder
        for name in ("config.json", "tokenizer.json", *shards(folder)):
            if not (folder / name).is_file():
                raise BadInputError(f"{folder}: no {name}, which the model needs")


def shards(folder: Path) -> list[str]:
    """Names of the files that weights are split into.

    Raises:
        BadInputError: the index is none.
    """
    try:
        names = set(json.loads((folder / INDEX).read_text(encoding="utf-8"))["weight_map"].values())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInputError(f"{folder / INDEX} is no index of weights: {error!r}") from None
    if not names or not all(isinstance(name, str) and Path(name).name == name for name in names):
        raise BadInputError(f"{folder / INDEX} is no index of weights: names of files beside it are needed")
    return sorted(names)


def snapshot(config: Mapping[str, Any]) -> Path:
    """Folder of a hub model in the Hugging Face cache, its files checked against the lock's digests.

    Raises:
        BadInputError: a file is neither in the cache nor to be had, or is another than the lock's.
    """
    paths = hub.files("model", config["id"], config["commit"], config["files"])
    return paths["config.json"].parent
