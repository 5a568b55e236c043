"""The tuned comparison beside the one at fixed values: tables for report and terminal, and what it found."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pandas as pd

from rftlab.runfolder.study_plan import Pair
from rftlab.views.cells import Cell, Table, points
from rftlab.views.pooled import over_pairs as pooled_over_pairs
from rftlab.views.results import SUITES, Results
from rftlab.views.summary import verdict_cell

CHANGES = 3  # comparisons that have another verdict when tuned, in the sentence


def tuned_gains(results: Results, pair: Pair) -> Table:
    """Tuned levels of a pair: a row per level, the values chosen, and a column per suite and budget.

    Below each tuned comparison stands what the same one is at fixed values.
    """
    rows, fixed = results.judged(pair, "tuned"), results.judged(pair)
    panels = [panel for panel in results.panels(pair) if panel.name in set(rows["panel"])]
    cells = {(row.variant, row.panel): row for row in rows.itertuples()}
    beside = {(row.variant, row.panel): row for row in fixed.itertuples()}
    made = []
    for v in results.levels:
        here = {panel: cells[v.name, panel.name] for panel in panels if (v.name, panel.name) in cells}
        if here:
            values: Any = next(iter(here.values()))
            chosen = Cell(f"{values.value:g}", values.value, f"against {values.value_reference:g}")
            told = [
                _beside(here[panel], beside.get((v.name, panel.name))) if panel in here else Cell("not evaluated")
                for panel in panels
            ]
            made.append([Cell(v.label, v.label, v.comparison), chosen, *told])
    return Table(["level", _key(results), *(panel.name for panel in panels)], made)


def _beside(row: Any, fixed: Any) -> Cell:
    """A tuned comparison and, in a further line, the same at fixed values."""
    cell = verdict_cell(row)
    if fixed is None:
        return cell
    return dataclasses.replace(cell, note=f"{cell.note}\nfixed: {points(fixed.estimate)} {fixed.verdict}")


def scores(results: Results, pair: Pair) -> Table:
    """What the choice was made by: mean validation accuracy over the checkpoints, a row per tuned variant."""
    table = results.of(pair, "tuning")
    values = list(dict.fromkeys(table["value"]))
    made = []
    for name in [v.name for v in results.variants if v.name in set(table["tuned"])]:
        cells = {row.value: _score(row) for row in table[table["tuned"] == name].itertuples()}
        made.append([Cell(name, name), *(cells[value] for value in values)])
    return Table([f"validation accuracy by {_key(results)}", *(f"{value:g}" for value in values)], made)


def _score(row: Any) -> Cell:
    marks = [mark for mark, present in (("chosen", row.chosen), ("its own", row.own)) if present]
    lost = [f"{row.n_lost} of {row.n_seeds} runs lost"] if row.n_lost else []
    return Cell(f"{row.score:.1%}", float(row.score), ", ".join([*marks, *lost]))


def over_pairs(results: Results) -> Table:
    """What tuned levels did over several pairs."""
    return pooled_over_pairs(dataclasses.replace(results, pooled=results.tuned_pooled))


def reading(results: Results) -> str:
    """What the numbers are."""
    if (tune := results.plan.tune) is None:
        raise AssertionError("nothing is tuned in this study")
    if results.tuning.empty:
        return f"No value of {tune.key} is chosen yet: runs that choose are not all there."
    seeds = f"{len(tune.seeds)} seed{'s' if len(tune.seeds) > 1 else ''}"
    return (
        f"Points of {results.primary}, each level at its own best {tune.key}, its reference at that one's. A value is "
        f"chosen by the mean validation accuracy over the checkpoints of {seeds} that nothing is judged on; one with "
        "diverged or collapsed runs only where all others have as many. Verdicts are corrected for all tuned "
        "comparisons (Holm), apart from those at fixed values. The runs that choose, and those at other values than a "
        f"level's own, are not among those that are listed and counted elsewhere.{_ends(results)}"
    )


def _ends(results: Results) -> str:
    """What is said where the best value is one beyond which nothing was tried."""
    chosen, tried = results.tuning[results.tuning["chosen"]], results.tuning["value"]
    count = int(chosen["value"].isin([tried.min(), tried.max()]).sum())
    told = f" {count} of {len(chosen)} choices are the least or the greatest value: a better one may lie beyond."
    return told if count else ""


def sentences(results: Results) -> Iterator[tuple[str, str]]:
    """What tuning changed, in a sentence: its subject and the rest; none where nothing is tuned."""
    if results.plan.tune is None:
        return
    about = f"With {_key(results)} tuned for each level"
    if results.tuned.empty:
        yield about, ", nothing is compared yet."
        return
    rows = list(_compared(results))
    changed = [told for told in rows if told]
    racing = "; others still race" if _racing(results) else ""
    if not rows:
        yield about, ", every comparison still races."
        return
    if not changed:
        yield about, f", all {len(rows)} comparisons come to the verdict that they have at fixed values{racing}."
        return
    more = [f"{len(changed) - CHANGES} more"] if len(changed) > CHANGES else []
    same = f"{len(rows) - len(changed)} of {len(rows)} comparisons come to the verdict that they have at fixed values"
    yield about, f", {same}; not so {'; '.join([*changed[:CHANGES], *more])}{racing}."


def _racing(results: Results) -> bool:
    return bool((results.tuned["verdict"] == "running").any() or (results.verdicts["verdict"] == "running").any())


def _compared(results: Results) -> Iterator[str]:
    """What each comparison that was judged is instead of what it was at fixed values; "" where both are the same."""
    several = len(results.pairs) > 1
    for pair in results.pairs:
        fixed: dict[tuple[str, str], Any] = {(row.variant, row.panel): row for row in _each(results.judged(pair))}
        for (name, suite), here in results.judged(pair, "tuned").groupby(["variant", "suite"], sort=False):
            once = here.drop_duplicates(["estimate", "low", "verdict"])  # equal rounds may be equal rollouts
            for row in _each(once):
                before = fixed.get((str(name), row.panel))
                if before is None or "running" in (before.verdict, row.verdict):
                    continue
                at = "" if len(once) < len(here) else f" at equal {row.budget}"
                place = f"{name} {SUITES[str(suite)]}{at}{f' ({pair})' if several else ''}"
                yield "" if before.verdict == row.verdict else f"{place}: {_said(row)} instead of {_said(before)}"


def _each(rows: pd.DataFrame) -> Iterator[Any]:
    return iter(rows.itertuples())


def _said(row: Any) -> str:
    return f"{row.verdict} ({points(row.estimate)})"


def _key(results: Results) -> str:
    return results.plan.tune.key if results.plan.tune else ""
