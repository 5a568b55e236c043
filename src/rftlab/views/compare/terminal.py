"""Two studies side by side in the terminal: ``rftlab compare``."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rftlab.runfolder.study_plan import BUDGETS, UNSAID
from rftlab.views.compare.origins import Side, differing
from rftlab.views.results import Results
from rftlab.views.show import STYLES, fitted

PLACE = ["model", "dataset", "factor", "level", "relative_to", "suite"]
SAME = ["estimate_a", "low_a", "verdict_a", "estimate_b", "low_b", "verdict_b"]  # of one hypothesis, at both budgets
AGREEMENTS = {"same": "same", "open": "one open", "opposed": "OPPOSED"}
COLUMNS = {"level": 26, "where": 17, "A": 16, "B": 16, "A - B": 16, "verdicts": 9}  # 100 characters
NAMED = 6  # comparisons of one study alone that are named


def show_comparison(a: Side, b: Side, rows: pd.DataFrame, console: Console) -> None:
    """Print what was found in both studies, what in one alone, and what was done differently.

    ``rows`` are those of ``rftlab.analysis.side_by_side`` for the verdicts of both.
    """
    for name, side in (("A", a), ("B", b)):
        pairs = ", ".join(f"{pair.model} x {pair.dataset}" for pair in side.results.pairs)
        console.print(f"{name}: {side.folder}: {pairs}", style="bold", highlight=False, markup=False, soft_wrap=True)
    both = hypotheses(rows[rows["where"] == "both"], a.results)
    console.print(_effects(both))
    console.print(_reading(a, b, both), highlight=False, markup=False)
    for name, side, where in (("A", a, "a"), ("B", b, "b")):
        if told := _alone(hypotheses(rows[rows["where"] == where], side.results)):
            console.print(f"In {name} only: {told}.", highlight=False, markup=False)
    _print_origins(a, b, console)


def hypotheses(rows: pd.DataFrame, results: Results) -> pd.DataFrame:
    """Rows in a study's order with ``label``, the level's name; one where a level is the same at both budgets."""
    order = {(v.factor, v.level): (place, v.label) for place, v in enumerate(results.levels)}
    places = [order[key] for key in zip(rows["factor"], rows["level"], strict=True)]
    rows = rows.assign(place=[place for place, _ in places], label=[label for _, label in places])
    rows = rows.sort_values("budget", key=lambda budgets: budgets.map(BUDGETS.index), kind="stable")
    rows = rows.sort_values(["place", "suite"], kind="stable")
    by = [name for name in PLACE if name in rows] + SAME
    budgets = rows.groupby(by, sort=False, dropna=False)["budget"].transform(", ".join)
    return rows.assign(budgets=budgets).drop_duplicates(by)


def _effects(both: pd.DataFrame) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=0, show_edge=False, pad_edge=False, safe_box=True)
    for heading, width in COLUMNS.items():
        table.add_column(heading, width=width, overflow="fold")
    several = "model" in both and len(both[["model", "dataset"]].drop_duplicates()) > 1
    row: Any
    for row in both.itertuples():
        below = [f"vs {row.relative_to}", *([f"{row.model} x {row.dataset}"] if several else [])]
        lines = [fitted(text, COLUMNS["level"] - 1) for text in (row.label, *below)]
        table.add_row(
            Text(lines[0]).append("\n" + "\n".join(lines[1:]), style="dim"),
            f"{row.suite}, equal\n{row.budgets}",
            _finding(row.estimate_a, row.low_a, row.high_a, row.verdict_a),
            _finding(row.estimate_b, row.low_b, row.high_b, row.verdict_b),
            _finding(row.difference, row.low, row.high, ""),
            Text(AGREEMENTS[row.agreement], style="bold red" if row.agreement == "opposed" else ""),
        )
    return table


def _finding(estimate: float, low: float, high: float, verdict: str) -> Text:
    said = "" if verdict in UNSAID else verdict
    text = Text(f"{100 * estimate:+.1f} {said}".rstrip(), style=STYLES.get(verdict, ""))
    interval = "[no interval]" if pd.isna(low) else f"[{100 * low:+.1f}, {100 * high:+.1f}]"
    return text.append(f"\n{interval}", style="dim")


def _reading(a: Side, b: Side, both: pd.DataFrame) -> str:
    counts = Counter(both["agreement"])
    coverage = 100 * max(side.results.plan.report.confidence for side in (a, b))
    told = [
        f"Points of {a.results.primary}, level - reference. Verdicts: {counts['same']} the same, {counts['opposed']} "
        f"opposed, {counts['open']} decided in one study alone, or in neither.",
        f"A - B with its {coverage:g}% interval, not corrected for their number, as of independent studies.",
    ]
    plans = a.results.plan, b.results.plan
    shared = ["seeds"] if set(plans[0].seeds) & set(plans[1].seeds) else []
    digests = [{one.digest for one in plan.evaluation_sets.values()} for plan in plans]
    shared += ["evaluation queries"] if digests[0] & digests[1] else []
    if shared:
        told.append(f"They share {' and '.join(shared)}: what differs is known better than these intervals say.")
    return " ".join(told)


def _alone(rows: pd.DataFrame) -> str:
    columns = rows[["label", "relative_to", "suite", "budgets"]].itertuples(index=False, name=None)
    names = [f"{label} vs {reference}, {suite}, equal {budgets}" for label, reference, suite, budgets in columns]
    more = [f"and {len(names) - NAMED} more"] if len(names) > NAMED else []
    return "; ".join(names[:NAMED] + more)


def _print_origins(a: Side, b: Side, console: Console) -> None:
    found = differing(a, b)
    if found:
        table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False, pad_edge=False, safe_box=True)
        for heading in ("differs", "A", "B", "of"):
            table.add_column(heading, overflow="fold")
        for one in found:
            table.add_row(*map(Text, one))
        console.print(table)
    else:
        console.print("Their designs, settings and data are the same.")
    for name, side in (("A", a), ("B", b)):
        if side.provenance is None:
            told = f"{name} has no runs/, so that code and environment cannot be compared."
            console.print(told, highlight=False, markup=False)
