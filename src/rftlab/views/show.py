"""The table of marginal gains in the terminal: ``rftlab show``, and the last thing that ``make demo`` prints.

The words are ASCII, so that they read in any terminal and in a log; colour only where the output is a terminal.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from rftlab.runfolder.study_plan import Pair
from rftlab.views.results import ReportedSet, Results
from rftlab.views.warnings import warnings

WIDTH = 100
CELL = 16  # "-12.3 undecided", and a space
LEVEL = (19, 30)  # least and greatest width of a name: "vs advantage/group_norm_extra7" in two lines, in one
STYLES = {"higher": "bold blue", "lower": "bold yellow", "equivalent": "green"}


def gains_tables(results: Results, pair: Pair, width: int = WIDTH) -> RenderableType:
    """Marginal gains of one pair at the primary metric: a row per level, a column per evaluation set.

    Gains in percentage points with verdict, the interval below. Sets that do not fit in ``width`` characters beside one
    another go to a further table.
    """
    gains = results.gains(pair)
    if gains.empty:
        return Text("no marginal gains: the study has no level besides its baseline")
    sets = [s for s in results.evaluation_sets(pair) if s.name in set(gains["evaluation_set"])]
    least, greatest = LEVEL
    fitting = min(len(sets), max(1, (width - least - 1) // CELL))
    name_width = min(greatest, max(least, width - 1 - CELL * fitting))
    parts = [sets[i : i + fitting] for i in range(0, len(sets), fitting)]
    return Group(*(_table(results, results.inert(pair), gains, part, name_width) for part in parts))


def show(results: Results, console: Console, report: Path | None = None) -> None:
    """Print every pair's table and what to open next."""
    seeds = len(results.plan.seeds)
    for warning in warnings(results):
        console.print(f"{warning.headline} {warning.sentence}", style="bold", highlight=False, markup=False)
    for pair in results.pairs:
        console.print(f"{results.plan.study}: {pair.model} x {pair.dataset}", style="bold", highlight=False)
        console.print(gains_tables(results, pair, console.width))
    confidence = results.plan.report.confidence
    console.print(
        f"Gain in points of greedy accuracy at the last checkpoint, variant - reference, "
        f"{seeds} seed{'' if seeds == 1 else 's'}; "
        f"[{100 * confidence:g}% interval]."
        + (" The A/A row is the noise floor." if any(v.noise_floor for v in results.levels) else ""),
        highlight=False,
        markup=False,
    )
    if results.other_code:
        console.print(results.other_code, highlight=False, markup=False)
    if report is not None:
        console.print(f"\nReport: {report}", highlight=False, markup=False, soft_wrap=True)
        console.print("MLflow: make mlflow", highlight=False, markup=False)


def terminal() -> Console:
    """Standard output: as wide as the terminal, or 100 characters without colour where it is none."""
    return Console() if sys.stdout.isatty() else Console(width=WIDTH, no_color=True)


def _table(
    results: Results, inert: set[str], gains: pd.DataFrame, sets: Sequence[ReportedSet], name_width: int
) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=0, show_edge=False, pad_edge=False, safe_box=True)
    table.add_column("level", width=name_width, overflow="fold")
    for s in sets:
        table.add_column(Text(f"{s.name}\n{s.suite}"), width=CELL - 1, overflow="fold")
    rows = {(row.variant, row.evaluation_set): row for row in gains.itertuples()}
    for v in results.levels:
        if any((v.name, s.name) in rows for s in sets):
            marks = [mark for mark, present in (("control", v.control), ("inert", v.name in inert)) if present]
            reference = f"vs {v.relative_to}" + "".join(f", {mark}" for mark in marks)
            name = Text(_fitted(v.label, name_width)).append("\n" + _fitted(reference, name_width), style="dim")
            table.add_row(name, *(_cell(rows.get((v.name, s.name))) for s in sets))
    return table


def _fitted(name: str, width: int) -> str:
    return name if len(name) <= width else name.replace("/", "/\n", 1)


def _cell(row: Any) -> Text:
    if row is None:
        return Text("not evaluated")
    verdict = "" if row.verdict == "too few seeds" else f" {row.verdict}"
    interval = "[no interval]" if pd.isna(row.low) else f"[{100 * row.low:+.1f}, {100 * row.high:+.1f}]"
    if len(interval) >= CELL:  # two seeds: hundreds of points
        interval = f"[{100 * row.low:+.0f}, {100 * row.high:+.0f}]"
    text = Text(f"{100 * row.estimate:+.1f}{verdict}", style=STYLES.get(row.verdict, ""))
    return text.append(f"\n{interval}", style="dim")
