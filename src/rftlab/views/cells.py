"""Cells and tables of the report, and how its numbers are written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup, escape


@dataclass(frozen=True)
class Cell:
    """A cell of a table: its text, what it is sorted by, further lines, and the class that colours it."""

    text: str
    sort: float | str | None = None
    note: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Table:
    """Column headings and rows."""

    columns: list[str]
    rows: list[list[Cell]]


def breakable(text: str) -> Markup:
    """Escaped HTML of a text whose names may be broken after their separators, and not in mid-word."""
    return Markup(re.sub(r"([/_=](?=\S)|[.:](?=[A-Za-z_]))", r"\1<wbr>", str(escape(text))))


def points(fraction: float) -> str:
    """A difference of fractions in percentage points, signed: 0.05 → ``+5.0``."""
    return f"{100 * fraction:+.1f}".replace("-", "−")


def cell(value: Any) -> Cell:
    """A value of a table as people read it: thousands apart, a true minus, a dash for what is missing."""
    if pd.isna(value):
        return Cell("–")
    if isinstance(value, bool) or type(value).__name__ == "bool":
        return Cell("yes" if value else "no")
    if isinstance(value, str):
        return Cell(value, value)
    number = float(value)
    text = f"{int(number):,}" if number.is_integer() and abs(number) < 1e15 else f"{number:.4g}"
    return Cell(text.replace("-", "−") if number < 0 else text, number)
