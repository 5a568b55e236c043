"""What was found and the table of marginal gains in the terminal: ``rftlab show``, the last that ``make demo`` prints.

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

from rftlab.runfolder.study_plan import LEAST_SEEDS, UNSAID, Pair
from rftlab.views import cells, effects, lost, pooled, tuned
from rftlab.views.findings import findings
from rftlab.views.results import Panel, Results
from rftlab.views.warnings import warnings

WIDTH = 100
CELL = 16  # "-12.3 undecided", and a space
LEVEL = (19, 30)  # least and greatest width of a name: "vs advantage/group_norm_extra7" in two lines, in one
ASCII = str.maketrans({"−": "-", "≥": ">=", "×": "x", "–": "-", "·": "-", "“": '"', "”": '"'})
STYLES = {"higher": "bold blue", "lower": "bold yellow", "equivalent": "green"}


def gains_tables(results: Results, pair: Pair, width: int = WIDTH) -> RenderableType:
    """Levels of one pair at the primary endpoint: a row per level, a column per suite and budget.

    Gains in percentage points with verdict, the interval below, and below that, of an undecided level, the smallest
    effect that would have been found. Columns that do not fit in ``width`` characters go to a further table.
    """
    judged, panels = results.judged(pair), results.panels(pair)
    if judged.empty:
        return Text("no marginal gains: the study has no level besides its baseline")
    least, greatest = LEVEL
    fitting = min(len(panels), max(1, (width - least - 1) // CELL))
    name_width = min(greatest, max(least, width - 1 - CELL * fitting))
    parts = [panels[i : i + fitting] for i in range(0, len(panels), fitting)]
    return Group(*(_table(results, results.inert(pair), judged, part, name_width) for part in parts))


def show(results: Results, console: Console, report: Path | None = None) -> None:
    """Print what was found, every pair's table, and what to open next."""
    for finding in findings(results):
        console.print(_ascii(str(finding)), highlight=False, markup=False)
    console.print()
    for warning in warnings(results):
        console.print(f"{warning.headline} {warning.sentence}", style="bold", highlight=False, markup=False)
    for pair in results.pairs:
        console.print(f"{results.plan.study}: {pair.model} x {pair.dataset}", style="bold", highlight=False)
        console.print(gains_tables(results, pair, console.width))
    console.print(_reading(results), highlight=False, markup=False)
    crossed = {pair: effects.crossed_effects(results, pair) for pair in results.pairs}
    for pair in (pair for pair, table in crossed.items() if table.rows):
        console.print(
            f"{results.plan.study}: {pair.model} x {pair.dataset}, crossed factors", style="bold", highlight=False
        )
        console.print(plain(crossed[pair]))
    if any(table.rows for table in crossed.values()):
        console.print(effects.READING, highlight=False, markup=False)
    if (over_pairs := pooled.over_pairs(results)).rows:
        console.print(f"{results.plan.study}: over {len(results.pairs)} pairs", style="bold", highlight=False)
        console.print(plain(over_pairs))
        console.print(pooled.reading(results), highlight=False, markup=False)
    if len(results.tuning):
        for pair in results.pairs:
            console.print(f"{results.plan.study}: {pair.model} x {pair.dataset}, tuned", style="bold", highlight=False)
            console.print(plain(tuned.tuned_gains(results, pair)))
            console.print(plain(tuned.scores(results, pair)))
        if len(results.tuned_pooled):
            console.print(
                f"{results.plan.study}: tuned, over {len(results.pairs)} pairs", style="bold", highlight=False
            )
            console.print(plain(tuned.over_pairs(results)))
        console.print(_ascii(tuned.reading(results)), highlight=False, markup=False)
    if (lost_runs := lost.lost_runs(results)).rows:
        console.print(plain(lost_runs))
        console.print(lost.reading(results), highlight=False, markup=False)
    if results.other_code:
        console.print(results.other_code, highlight=False, markup=False)
    if report is not None:
        console.print(f"\nReport: {report}", highlight=False, markup=False, soft_wrap=True)
        console.print("MLflow: make mlflow", highlight=False, markup=False)


def plain(content: cells.Table) -> RenderableType:
    """A table of the report in ASCII, for the terminal: notes below their cells, a repeated name once."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False, pad_edge=False, safe_box=True)
    for name in content.columns:
        table.add_column(name, overflow="fold")
    before = None
    for row in content.rows:
        cells_ = [cells.Cell(""), *row[1:]] if row[0] == before else row
        texts = ([part.translate(ASCII) for part in (cell.text, cell.note)] for cell in cells_)
        table.add_row(*(Text(text).append(f"\n{note}" if note else "", style="dim") for text, note in texts))
        before = row[0]
    return table


def _ascii(text: str) -> str:
    return text.translate(ASCII)


def _reading(results: Results) -> str:
    """What the numbers are."""
    error = 100 * (1 - results.plan.report.confidence)
    told = [f"Points of {results.primary}, level - reference, {results.seeds}; [{100 - error:g}% interval]."]
    if results.plan.race.looks[0] >= LEAST_SEEDS:
        told.append(
            f"Verdicts are corrected for all of the study: a false one stands in at most {error:g}% of studies. "
            "Below an undecided one: the smallest effect that it had a chance of 80% to find."
        )
    if any(variant.noise_floor for variant in results.levels):
        told.append("The A/A row is the baseline against itself.")
    return " ".join(told)


def terminal() -> Console:
    """Standard output: as wide as the terminal, or 100 characters without colour where it is none."""
    return Console() if sys.stdout.isatty() else Console(width=WIDTH, no_color=True)


def _table(results: Results, inert: set[str], judged: pd.DataFrame, panels: Sequence[Panel], name_width: int) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=0, show_edge=False, pad_edge=False, safe_box=True)
    table.add_column("level", width=name_width, overflow="fold")
    for panel in panels:
        table.add_column(Text(f"{panel.suite}, equal\n{panel.budget}"), width=CELL - 1, overflow="fold")
    rows = {(row.variant, row.panel): row for row in judged.itertuples()}
    for v in results.levels:
        if any((v.name, panel.name) in rows for panel in panels):
            marks = [mark for mark, present in (("control", v.control), ("inert", v.name in inert)) if present]
            reference = f"vs {v.relative_to}" + "".join(f", {mark}" for mark in marks)
            name = Text(fitted(v.label, name_width)).append("\n" + fitted(reference, name_width), style="dim")
            table.add_row(name, *(_cell(rows.get((v.name, panel.name))) for panel in panels))
    return table


def fitted(name: str, width: int) -> str:
    """A name, in two lines where it is wider than its column and has a factor to break after."""
    return name if len(name) <= width else name.replace("/", "/\n", 1)


def _cell(row: Any) -> Text:
    if row is None:
        return Text("not evaluated")
    verdict = "" if row.verdict in UNSAID else f" {row.verdict}"
    interval = "[no interval]" if pd.isna(row.low) else f"[{100 * row.low:+.1f}, {100 * row.high:+.1f}]"
    if len(interval) >= CELL:  # two seeds: hundreds of points
        interval = f"[{100 * row.low:+.0f}, {100 * row.high:+.0f}]"
    text = Text(f"{100 * row.estimate:+.1f}{verdict}", style=STYLES.get(row.verdict, ""))
    text.append(f"\n{interval}", style="dim")
    return text.append(f"\n>= {100 * row.detectable:.1f}", style="dim") if row.verdict == "undecided" else text
