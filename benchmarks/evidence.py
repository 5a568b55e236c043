"""The tables of docs/evidence.md, from what was measured of simulated studies."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rftlab.files import write_text

FIXED = ("3 seeds", "5 seeds", "8 seeds", "12 seeds")
RACES = ("race", "race to 8", "race, reference 12")
SHOWN = ("race", "race to 8", *FIXED)
Cells = Sequence[Mapping[str, Any]]
"""Results as they are kept: ``cell``, ``studies``, ``found`` with ratio and standard error by design and measure."""


def write_tables(page: Path, results: Cells) -> None:
    """Replace what stands between ``<!-- table NAME -->`` and ``<!-- end -->`` on the page.

    Raises:
        ValueError: the page has no place for a table, or several.
    """
    text = page.read_text("utf-8")
    for name, table in tables(results).items():
        place = rf"(<!-- table {name} -->\n).*?(<!-- end -->)"
        text, places = re.subn(place, rf"\1\n{table}\n\n\2", text, flags=re.DOTALL)
        if places != 1:
            raise ValueError(f"{page} has {places} places for the table {name}")
    write_text(page, text)


def tables(results: Cells) -> dict[str, str]:
    """Tables in Markdown, by name."""
    of: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for one in results:
        of[one["cell"]["table"]].append(one)
    return {
        "error": _markdown(("study", *SHOWN), _lines(of["error"], "false difference")),
        "margin": _markdown(("study", *SHOWN), _lines(of["margin"], "false equivalence")),
        "limits": _markdown(("study", *SHOWN), _lines(of["limits"], "false equivalence")),
        "power": _markdown(
            ("study", "design", "runs", "found at ±2", "±5", "±10", "no effect: *equivalent*", "decided", "false"),
            _rows(of["power"], ("found 0.02", "found 0.05", "found 0.1", "equivalent 0", "decided", "false")),
        ),
        "coverage": _markdown(
            ("study", "design", "all", "*higher*, *lower*", "*equivalent*", "*undecided*"),
            _rows(of["power"], ("covered", "covered different", "covered equivalent", "covered undecided"), runs=False),
        ),
        "suites": _markdown(
            ("study", "design", "runs", "found at ±5", "decided", "false"),
            _rows(
                [*of["error"][:1], *of["power"][:1], *of["suites"]], ("found 0.05", "decided", "false"), designs=RACES
            ),
        ),
    }


def _lines(cells: Cells, measure: str) -> Iterator[list[str]]:
    """A line a cell, a column a design."""
    for one in cells:
        yield [one["cell"]["name"], *(_percent(one, design, measure) for design in SHOWN)]


def _rows(
    cells: Cells, measures: Sequence[str], runs: bool = True, designs: Sequence[str] = SHOWN
) -> Iterator[list[str]]:
    """A line a cell and design, a column a measure."""
    for one in cells:
        for design in (name for name in designs if name in one["found"]):
            counted = [f"{one['found'][design]['runs'][0]:.1f}"] if runs else []
            yield [one["cell"]["name"], design, *counted, *(_percent(one, design, measure) for measure in measures)]


def _percent(one: Mapping[str, Any], design: str, measure: str) -> str:
    """Percent ± standard error; where nothing was counted in all studies, what it could be at most (95%)."""
    ratio, error = (100 * part for part in one["found"].get(design, {}).get(measure, (float("nan"), 0.0)))
    if math.isnan(ratio):
        return "–"
    if ratio == 0:
        return f"0 (≤ {300 / one['studies']:.1f})"
    return f"{ratio:.1f} ± {error:.1f}" if error else f"{ratio:.0f}"


def _markdown(heads: Sequence[str], rows: Iterator[list[str]]) -> str:
    return "\n".join("| " + " | ".join(line) + " |" for line in [heads, ["---"] * len(heads), *rows])
