"""What a study found, in three to seven sentences: made from its verdicts, and never saying more than they do.

Levels that differ come first, the largest decided effect before all others, then what is shown to be equivalent, then
what is open and which effect could have been found, and last whether the baseline learned and its controls behaved.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from rftlab.runfolder.study_plan import BASELINE, LEAST_SEEDS, PlannedVariant
from rftlab.views.cells import cell, points
from rftlab.views.learned import Finding, baseline_learned, extent, listed
from rftlab.views.results import METRICS, SUITES, Results
from rftlab.views.tuned import sentences

BOTH = "rounds and rollouts"
SENTENCES = 4  # of levels that differ, with those that are tuned; with equivalent and open ones and the baseline seven
NAMES = 5  # of levels in a list
DIRECTIONS = {"higher": "raises", "lower": "lowers"}


def findings(results: Results) -> list[Finding]:
    """The sentences of a study, the most important first."""
    levels = {v.name: v for v in results.levels if not (v.control or v.noise_floor)}
    rows = results.hypotheses()
    rows = rows[rows["variant"].isin(levels)]
    alone = rows.groupby(["variant", "suite"])["budgets"].transform("nunique") == 1
    rows = rows.assign(budgets=rows["budgets"].mask(alone & (rows["budgets"] == BOTH), ""))
    rows = rows.assign(place=[f"{SUITES[row.suite]}{_at(row.budgets)}" for row in _each(rows)])
    tuned = [Finding(*said) for said in sentences(results)]
    return [*_differences(results, rows, levels), *_open(rows), *tuned, baseline_learned(results)]


def changes(results: Results, level: PlannedVariant) -> str:
    """What sets a level apart from its reference: ``rollout.rollouts: 8 instead of 1``, of every key that differs.

    Keys are those that the level or its reference overrides; values are those that their runs were made with.
    """
    reference = next(v for v in results.variants if v.name == level.relative_to)
    made = results.runs.drop_duplicates("variant").set_index("variant")
    if level.name not in made.index or reference.name not in made.index:
        return ""
    overridden = [f"config.{key}." for key in {**level.overrides, **reference.overrides}]
    keys = [key for one in overridden for key in made.columns if f"{key}.".startswith(one)]
    ours, theirs = ({key: cell(made.at[v.name, key]).text for key in keys} for v in (level, reference))
    told = [f"{key.removeprefix('config.')}: {ours[key]} instead of {theirs[key]}" for key in keys]
    return ", ".join(text for key, text in zip(keys, told, strict=True) if ours[key] != theirs[key])


def _differences(results: Results, rows: pd.DataFrame, levels: dict[str, PlannedVariant]) -> Iterator[Finding]:
    """Levels that differ somewhere, the rest of them in one sentence; then those that are only equivalent."""
    if rows.empty:
        yield Finding("Nothing is compared", ": the study has no level besides its baseline, or none was evaluated.")
        return
    if set(rows["verdict"]) == {"running"}:
        yield Finding(
            "Nothing is decided yet", f": the first look is at {results.plan.race.looks[0]} seeds of every level."
        )
        return
    if set(rows["verdict"]) == {"too few seeds"}:
        yield Finding("No level is judged", f": a verdict needs {LEAST_SEEDS} seeds.")
        return
    decided = rows[rows["verdict"].isin(DIRECTIONS)]
    by_place = decided.assign(size=decided["estimate"].abs()).groupby(["variant", "place"])["size"].sum()
    ranked = [*by_place.groupby("variant").max().sort_values(ascending=False, kind="stable").index]
    if not ranked:
        yield Finding("No level", " is shown to be higher or lower than its reference.")
    most = SENTENCES - (results.plan.tune is not None)
    own = ranked if len(ranked) <= most else ranked[: most - 1]
    tell = _of_one_pair if len(results.pairs) == 1 else _of_pairs
    for name in own:
        yield tell(results, levels[name], rows[rows["variant"] == name])
    others = decided[decided["variant"].isin(ranked[len(own) :])]
    if len(others):
        parts = [f"{what} {place}: {names}" for what in DIRECTIONS for place, names in _by_place(others, what)]
        if len(results.pairs) == 1:
            ours = {name: others[others["variant"] == name] for name in ranked[len(own) :]}
            parts = [f"{name}{_against(results, levels[name])} {_sizes(here)}" for name, here in ours.items()]
            parts = parts if len(parts) <= NAMES else [*parts[: NAMES - 1], f"{len(parts) - NAMES + 1} more"]
        yield Finding("Also decided", f"{', in points' if len(results.pairs) == 1 else ''}: {'; '.join(parts)}.")
    parts = [f"{place}: {names}" for place, names in _by_place(rows[~rows["variant"].isin(own)], "equivalent")]
    if parts:
        yield Finding("Equivalent", f", shown to change {_noun(results)} {_less(results)}, {'; '.join(parts)}.")


def _of_one_pair(results: Results, level: PlannedVariant, rows: pd.DataFrame) -> Finding:
    """``batch/b128 (rollout.queries: 128 instead of 32) raises accuracy in distribution by 6.7 points …``."""
    clauses: list[str] = []
    differs = rows[rows["verdict"].isin(DIRECTIONS)].sort_values("estimate", key=lambda e: -e.abs(), kind="stable")
    for (verdict, suite), here in differs.groupby(["verdict", "suite"], sort=False):
        unit = "" if clauses else " points"
        told = [f"by {100 * abs(r.estimate):.1f}{unit} {_interval(r)}{_at(r.budgets)}" for r in _each(here)]
        what = "it" if clauses else _noun(results)
        clauses.append(f"{DIRECTIONS[str(verdict)]} {what} {SUITES[str(suite)]} {listed(told)}")
    same = rows[rows["verdict"] == "equivalent"]
    if len(same):
        clauses.append(f"changes {'it' if clauses else _noun(results)} {_less(results)} {listed(_places(same, rows))}")
    told = []
    for suite, here in rows[rows["verdict"] == "undecided"].groupby("suite", sort=False):
        show = "" if told else " would have shown"
        each = [
            f"{_at(r.budgets).removeprefix(' at equal ')} ({points(r.estimate)}; ≥ {100 * r.detectable:.1f}{show})"
            for r in _each(here)
        ]
        equal = "" if each[0].startswith(" (") else " at equal "
        told.append(f"{SUITES[str(suite)]}{equal}{listed(each)}")
    clauses += [f"is undecided {listed(told)}"] if told else []
    running = rows.loc[rows["verdict"] == "running", "place"]
    clauses += [f"still races {listed([*running])}"] if len(running) else []
    return Finding(level.name, f"{_against(results, level)} {listed(clauses)}{_unsettled(rows)}.")


def _of_pairs(results: Results, level: PlannedVariant, rows: pd.DataFrame) -> Finding:
    """``…: accuracy in distribution at equal rounds is higher in 4 of 6 pairs (+3.1 to +8.0), undecided in 2; …``."""
    clauses: list[str] = []
    for place, here in rows.groupby("place", sort=False):
        counts: list[str] = []
        for verdict, part in here.groupby("verdict"):
            effects = 100 * part["estimate"]
            sizes = f" ({extent(effects)} points)" if verdict in DIRECTIONS else ""
            counts.append(f"{verdict} in {len(part)}{'' if counts else f' of {len(here)} pairs'}{sizes}")
        clauses.append(f"{'' if clauses else f'{_noun(results)} '}{place} is {listed(counts)}")
    return Finding(level.name, f"{_against(results, level)}: {'; '.join(clauses)}{_unsettled(rows)}.")


def _open(rows: pd.DataFrame) -> Iterator[Finding]:
    """What is undecided, counted, and what would have been found."""
    parts = []
    for suite, here in rows.groupby("suite", sort=False):
        undecided = here[here["verdict"] == "undecided"]
        if len(undecided):
            sizes = undecided["detectable"]
            least, most = (f"{100 * size:.1f}" for size in (sizes.min(), sizes.max()))
            extent = least if least == most else f"{least} to {most}"
            parts.append(f"{len(undecided)} of {len(here)} comparisons {SUITES[str(suite)]} ({extent} points)")
    if parts:
        what = "with the difference that had a chance of 80% to be found"
        stopped = int((rows.loc[rows["verdict"] == "undecided", "chance"].notna()).sum())
        more = f"; of {stopped} further seeds would hardly have told" if stopped else ""
        yield Finding("Undecided", f', which is not "no effect", {what}: {listed(parts)}{more}.')


def _against(results: Results, level: PlannedVariant) -> str:
    """In brackets, what a level changes, and its reference where that is not the baseline."""
    told = [changes(results, level)] if changes(results, level) else []
    told += [f"against {level.relative_to}"] if level.relative_to != BASELINE else []
    return f" ({'; '.join(told)})" if told else ""


def _at(budgets: str) -> str:
    """Where a level is the same at all budgets, it need not be said at which."""
    return f" at equal {budgets}" if budgets else ""


def _sizes(rows: pd.DataFrame) -> str:
    """``+4.3 in distribution at equal rounds and −2.7 in distribution at equal rollouts``."""
    return listed([f"{points(row.estimate)} {row.place}" for row in _each(rows)])


def _places(some: pd.DataFrame, rows: pd.DataFrame) -> list[str]:
    """Suites of some of a level's rows, with budgets where it has another verdict at another."""
    told: list[str] = []
    for suite, here in some.groupby("suite", sort=False):
        whole = len(here) == (rows["suite"] == suite).sum()
        told += [SUITES[str(suite)]] if whole else [*here["place"]]
    return told


def _by_place(rows: pd.DataFrame, verdict: str) -> Iterator[tuple[str, str]]:
    """Where levels have a verdict, and which; of several pairs, in how many."""
    pairs = rows["pair"].nunique()
    for place, here in rows[rows["verdict"] == verdict].groupby("place", sort=False):
        marked = here["variant"] + here["inert"].map({True: " (inert)", False: ""})
        counts = marked.value_counts(sort=False)
        names = [str(name) if pairs == 1 else f"{name} in {n} of {pairs} pairs" for name, n in counts.items()]
        more = [f"{len(names) - NAMES + 1} more"] if len(names) > NAMES else []
        yield str(place), listed([*names[: NAMES - len(more)], *more])


def _unsettled(rows: pd.DataFrame) -> str:
    return "; a run of it or of its reference diverged or collapsed" if rows["unsettled"].any() else ""


def _noun(results: Results) -> str:
    """The primary metric in a word."""
    metric = results.plan.report.primary.metric
    return "accuracy" if metric in METRICS else metric


def _less(results: Results) -> str:
    return f"by less than {100 * results.plan.report.equivalence_margin:g} points"


def _each(rows: pd.DataFrame) -> Iterator[Any]:
    return iter(rows.itertuples())


def _interval(row: Any) -> str:
    return f"[{points(row.low)}, {points(row.high)}]"
