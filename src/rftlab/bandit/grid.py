"""Every advantage on bandits of several success rates, in rounds of several shapes: a row for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rftlab import levels
from rftlab.bandit.estimates import estimate
from rftlab.bandit.problem import bandit
from rftlab.bandit.rounds import Shape, level, shape_of

KINDS = 8  # of queries
MIXED = (0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98)
RATES: Mapping[str, Sequence[float]] = {
    **{str(rate): (rate,) * KINDS for rate in (0.05, 0.25, 0.5, 0.75, 0.95)},
    "mixed": MIXED,
}
"""Success rates of the kinds of queries, by the name of a column."""
SHAPES = tuple(Shape(B, n, m) for n, m in ((1, 0), (1, 7), (2, 0), (8, 0)) for B in (1, 4, 32))


@dataclass(frozen=True)
class Cell:
    """A level, a shape of rounds as far as any level goes, a name of success rates."""

    level: str
    shape: Shape
    success: str


def cells(names: Sequence[str] | None = None, shapes: Sequence[Shape] = SHAPES) -> Iterator[Cell]:
    """All of them, by shape, then by level, then by success rate."""
    for shape in shapes:
        for name in levels.names("advantages") if names is None else names:
            for success in RATES:
                yield Cell(name, shape, success)


def row(cell: Cell) -> dict[str, Any]:
    """The measures of a cell and their errors, ``<measure>_error``, None where exact; None as well where a level is
    not defined for so few rollouts, with ``method`` *undefined*."""
    shape = shape_of(cell.level, cell.shape.B, cell.shape.n, cell.shape.m)
    where: dict[str, Any] = {"level": cell.level, "B": shape.B, "n": shape.n, "m": shape.m, "success": cell.success}
    try:
        found = estimate(level(cell.level), shape, bandit(RATES[cell.success]))
    except ValueError as refused:
        if not str(refused).startswith(cell.level):  # a level that is not defined says so in its own name
            raise
        return where | {"method": "undefined"} | dict.fromkeys((*MEASURES, *map(error_of, MEASURES)))
    errors = dict.fromkeys(MEASURES) if found.errors is None else asdict(found.errors)
    return (
        where
        | {"method": found.method}
        | {name: _plain(value) for name, value in asdict(found.found).items()}
        | {error_of(name): _plain(value) for name, value in errors.items()}
    )


MEASURES = ("scale", "bias", "cosine", "variance", "signal", "silent")


def error_of(measure: str) -> str:
    """Name of the column that holds a measure's standard error."""
    return f"{measure}_error"


def _plain(value: float | None) -> float | None:
    """Six significant digits, and 0 for a rounding error about it, on every machine; None where it is no number."""
    if value is None or value != value:
        return None
    return float(f"{value:.6g}") if abs(value) > 1e-9 else 0.0
