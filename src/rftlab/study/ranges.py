"""What a level's parameters may be, as its file declares it: ``RANGES = {"epsilon": "(0, inf)", "ddof": (0, 1)}``.

A range is an interval or the values that are possible. A bound of an interval is a number, or ``n`` or ``M``: how many
rollouts of a query the variant trains on, and how many it samples, statistics rollouts among them.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rftlab.errors import BadInputError

SIZES = {"n": "rollout.rollouts", "M": "rollout.rollouts + rollout.statistics_rollouts"}
"""Keys that say how many rollouts of a query there are, by the name of a bound."""
DOWN_SAMPLE = "rollout.down_sample"
"""The key that says both where it is set."""
SIDES: dict[str, tuple[Callable[[Any, Any], bool], str]] = {
    "[": (operator.ge, "at least"),
    "(": (operator.gt, "more than"),
    "]": (operator.le, "at most"),
    ")": (operator.lt, "less than"),
}
INTERVAL = re.compile(r"([\[(]) *([^ ,]+) *, *([^ ,]+) *([\])])")


@dataclass(frozen=True)
class Side:
    """One end of an interval: ``(`` and 0, say, or ``]`` and ``M``."""

    bracket: str
    bound: str

    @property
    def named(self) -> bool:
        """Whether the bound is the size of a round."""
        return self.bound in SIZES

    @property
    def unbounded(self) -> bool:
        """Whether there is no bound."""
        return self.bound in ("inf", "-inf")

    def holds(self, value: float, sizes: Mapping[str, int]) -> bool:
        """Whether a value lies on the right side of it."""
        return SIDES[self.bracket][0](value, sizes[self.bound] if self.named else float(self.bound))

    def words(self, sizes: Mapping[str, int], names: Mapping[str, str] = SIZES) -> str:
        """``at least 0``, ``at most rollout.rollouts, 4,``."""
        bound = f"{names[self.bound]}, {sizes[self.bound]}," if self.named else self.bound
        return f"{SIDES[self.bracket][1]} {bound}"


def parse(interval: str) -> tuple[Side, Side]:
    """Both ends of an interval such as ``[0, 1)``.

    Raises:
        ValueError: it is none.
    """
    match = INTERVAL.fullmatch(interval)
    if match is None:
        raise ValueError(f"{interval!r} is no interval such as '[0, 1)'")
    left, low, high, right = match.groups()
    for bound in (low, high):
        if bound not in SIZES and math.isnan(float(bound)):
            raise ValueError(f"{interval!r} has a bound that is no number")
    if not {low, high} & set(SIZES) and float(low) > float(high):
        raise ValueError(f"{interval!r} holds no number")
    return Side(left, low), Side(right, high)


def refuse_range(possible: Any, default: Any) -> None:
    """Refuse what cannot be the range of a parameter with this default.

    Raises:
        ValueError: neither an interval of numbers nor values of the parameter's type, or the default is outside.
    """
    if isinstance(default, tuple) and isinstance(possible, str):  # of each of several numbers
        for one in default:
            refuse_range(possible, one)
        return
    number = isinstance(default, int | float) and not isinstance(default, bool)
    if isinstance(possible, str) and number:
        sides = parse(possible)
        if not all(side.named or side.holds(default, {}) for side in sides):
            raise ValueError(f"{possible!r} does not hold the default, {default}")
    elif not isinstance(possible, tuple) or default not in possible:
        needed = "an interval such as '[0, 1)', or " if number else ""
        raise ValueError(f"{needed}a tuple of the values that are possible, the default among them, is needed")
    elif any(type(value) is not type(default) for value in possible):
        raise ValueError(f"values of the type of the default, {default!r}, are needed, not {possible!r}")


def refuse_outside(
    possible: str | tuple[Any, ...], value: Any, sizes: Mapping[str, int], key: str, names: Mapping[str, str] = SIZES
) -> None:
    """Refuse a value outside a range.

    Args:
        possible: an interval, or the values that are possible.
        value: of the parameter.
        sizes: how many rollouts of a query are trained on (``n``) and sampled (``M``).
        key: of the parameter.
        names: keys that say ``n`` and ``M``.

    Raises:
        BadInputError: with what would be possible.
    """
    if not isinstance(possible, str):
        if value not in possible:
            raise BadInputError(f"{key}: {' or '.join(map(str, possible))} is needed, not {value}")
        return
    sides = parse(possible)
    broken = [side for side in sides if not side.holds(value, sizes)]
    if not broken:
        return
    if any(side.named or side.unbounded for side in sides):
        needed = " and ".join(side.words(sizes, names) for side in broken)
    elif (sides[0].bracket, sides[1].bracket) == ("[", "]"):
        needed = f"a number from {sides[0].bound} to {sides[1].bound}"
    else:
        needed = " and ".join(side.words(sizes) for side in sides)
    raise BadInputError(f"{key}: {needed} is needed, not {value}")
