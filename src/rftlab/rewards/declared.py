"""What the files of a reward declare, read without running them: planning asks, and nothing here imports numpy."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rftlab import levels
from rftlab.errors import BadInputError

TERMS = "rewards.terms"
PAYS = {"correct", "incorrect"}
"""Parameters of a term that pays successes, and can be ``reward.name``."""
FUNCTION = "reward"
NUMBERS = ("SECONDS", "MEMORY_GIB")
"""What a reward file may declare of its calls."""


class RewardFileError(BadInputError):
    """A reward file that cannot be used; the message is one line and names it."""


def read_reward_file(path: str) -> levels.LevelFile:
    """Read what a reward file declares, without running it.

    Raises:
        RewardFileError: it is not there, is not Python, has no function ``reward``, or a constant is no number.
    """
    try:
        file = levels.read_file(Path(path), FUNCTION, "RANGES", *NUMBERS)
    except levels.UnknownLevelError as error:
        raise RewardFileError(str(error)) from None
    for constant in NUMBERS:
        value = file.constants.get(constant, 1)
        if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
            raise RewardFileError(f"{path}: {constant} needs a number above 0, not {value!r:.60}")
    return file


def terms_of(reward: Mapping[str, Any]) -> list[str]:
    """Names of the files of ``rewards/terms/`` that a complete ``reward`` selects."""
    return [*([reward["name"]] if "name" in reward else []), *reward.get("terms", {})]


def least_reward(reward: Mapping[str, Any]) -> float:
    """The least that a complete ``reward`` can pay; of a file only the run knows it, and counts as 0 here."""
    least = 0.0 if "file" in reward else min(reward["correct"], reward["incorrect"])
    for name, entry in reward.get("terms", {}).items():
        values = levels.read(TERMS, name).constants.get("VALUES", (-math.inf, math.inf))
        values = (entry["correct"], entry["incorrect"]) if entry.keys() >= PAYS else values
        least += min(entry["weight"] * value for value in values) if entry["weight"] else 0.0
    return least
