"""A factorial design: every combination of the levels of some factors, the baseline's value of each among them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from rftlab.errors import BadInputError, did_you_mean
from rftlab.runfolder.study_plan import BASELINE, CROSS, PlannedVariant

KEY = "design.factorial"


def cells(crossed: Sequence[str], levels: Sequence[PlannedVariant]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Factor, level and overrides of each cell in which two levels or more come together.

    Factors and levels of a cell are joined, as in ``rollouts+batch`` and ``n8+b64``. Cells with one level are the
    level's own runs, and that with none is the baseline.

    Args:
        crossed: names of factors.
        levels: all of the study.

    Raises:
        BadInputError: a single factor, one that is not there or is given twice, a level that is not compared with the
            baseline, or two that set the same key.
    """
    if not crossed:
        return
    by_factor = {name: [level for level in levels if level.factor == name] for name in dict.fromkeys(crossed)}
    factors = list(dict.fromkeys(str(level.factor) for level in levels))
    for name, some in by_factor.items():
        if not some:
            raise BadInputError(f"{KEY}: {name!r} is not one of {', '.join(factors)}{did_you_mean(name, factors)}")
        if crossed.count(name) > 1:
            raise BadInputError(f"{KEY}: {name} is given twice")
        for level in some:
            if level.relative_to != BASELINE:
                raise BadInputError(
                    f"{KEY}: {level.name} is compared with {level.relative_to}; levels that are crossed change the "
                    "baseline itself"
                )
    if len(by_factor) == 1:
        raise BadInputError(f"{KEY}: {crossed[0]} alone; two factors at least are crossed")
    for one, other in itertools.combinations(by_factor, 2):
        for level, another in itertools.product(by_factor[one], by_factor[other]):
            _refuse_shared(level, another)
    for choice in itertools.product(*([None, *some] for some in by_factor.values())):
        chosen = [level for level in choice if level is not None]
        if len(chosen) > 1:
            factor, name = CROSS.join(str(v.factor) for v in chosen), CROSS.join(str(v.level) for v in chosen)
            yield factor, name, {key: value for v in chosen for key, value in v.overrides.items()}


def _refuse_shared(one: PlannedVariant, other: PlannedVariant) -> None:
    for key, another in itertools.product(one.overrides, other.overrides):
        if f"{key}.".startswith(f"{another}.") or f"{another}.".startswith(f"{key}."):
            raise BadInputError(
                f"{KEY}: {one.name} and {other.name} both set {max(key, another, key=len)}; levels that are crossed "
                "set different keys"
            )
