"""Where base models that come with the package lie; planning imports this module, so it reads no weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rftlab.files import digest

PINNED = Path(__file__).parent / "pinned"


def pin_path(recipe: Mapping[str, Any]) -> Path:
    """File of a recipe's weights, whether there is one or not: its name is the recipe's digest.

    A recipe is the resolved configuration of a tiny model: shape, training, seed, tasks.
    """
    return PINNED / f"{digest(recipe)}.safetensors"
