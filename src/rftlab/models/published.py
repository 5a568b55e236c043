"""Models as others publish them: a directory or a snapshot of the hub, weights in one safetensors file or several."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rftlab import hub
from rftlab.errors import BadInputError
from rftlab.policies.directory import PolicyDirectory
from rftlab.policies.weights import WEIGHTS, weight_files


class PublishedDirectory(PolicyDirectory):
    """A directory whose weights may lie in several files; what is made of it has one.

    Raises:
        BadInputError: a file is missing; pickled weights are never loaded.
    """

    def __init__(self, folder: Path) -> None:
        names = weight_files(folder)
        if names == [WEIGHTS]:
            super().__init__(folder)
            return
        self.folder, self.weights = folder, names
        for name in ("config.json", "tokenizer.json", *names):
            if not (folder / name).is_file():
                raise BadInputError(f"{folder}: no {name}, which the model needs")


def snapshot(config: Mapping[str, Any]) -> Path:
    """Folder of a hub model in the Hugging Face cache, its files checked against the lock's digests.

    Raises:
        BadInputError: a file is neither in the cache nor to be had, or is another than the lock's.
    """
    paths = hub.files("model", config["id"], config["commit"], config["files"])
    return paths["config.json"].parent
