"""Rows of the bandit laboratory: read, written, and looked up by what they are of."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from rftlab.errors import BadInputError
from rftlab.files import write_text

REFERENCE = "raw"
NUMBERS = ("B", "n", "m")
Row = Mapping[str, Any]
Of = tuple[int, int, int]
"""B, n and m of a round."""


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """A CSV file; what is not defined is empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of such a file.

    Raises:
        BadInputError: there is no such file.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [{key: _value(key, text) for key, text in row.items()} for row in csv.DictReader(file)]
    except FileNotFoundError:
        raise BadInputError(f"{path}: no such file; `rftlab bandit --docs FOLDER` writes it") from None


def _value(key: str, text: str) -> Any:
    if key in ("level", "success", "method"):
        return text
    return None if text == "" else int(text) if key in NUMBERS else float(text)


def shape_text(of: Of) -> str:
    """``32×1+7``: B queries, n trained and m statistics rollouts."""
    B, n, m = of
    return f"{B}×{n}" + (f"+{m}" if m else "")


@dataclass(frozen=True)
class Rows:
    """The laboratory's rows, by level, shape of a round, and success rates."""

    rows: Sequence[Row]

    @cached_property
    def _found(self) -> dict[tuple[str, Of, str], Row]:
        return {(row["level"], (row["B"], row["n"], row["m"]), row["success"]): row for row in self.rows}

    @cached_property
    def levels(self) -> list[str]:
        """Names of levels, in the rows' order."""
        return list(dict.fromkeys(row["level"] for row in self.rows))

    @cached_property
    def successes(self) -> list[str]:
        """Names of success rates, in the rows' order."""
        return list(dict.fromkeys(row["success"] for row in self.rows))

    def at(self, level: str, of: Of, success: str) -> Row:
        """One row."""
        return self._found[level, of, success]

    def relative_signal(self, level: str, of: Of, success: str) -> tuple[float, float | None] | None:
        """Signal per sampled rollout in units of that of the raw reward with the same number of queries and one
        rollout each, and its standard error; None where it is not defined."""
        row, unit = self.at(level, of, success), self.at(REFERENCE, (of[0], 1, 0), success)["signal"]
        if row["signal"] is None:
            return None
        error = row["signal_error"]
        return row["signal"] / unit, None if error is None else error / unit
