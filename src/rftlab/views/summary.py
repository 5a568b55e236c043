"""The numbers of the report's prose and tables: what was studied, at what cost, with what, and what came of it."""

from __future__ import annotations

import collections
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from rftlab.runfolder.read import read_document, read_lines
from rftlab.runfolder.study_plan import BASELINE, Pair, PlannedVariant, StudyPlan
from rftlab.views.cells import Cell, Table, cell, points
from rftlab.views.results import ReportedSet, Results

SECONDS = {"sample_s": "sampling", "score_s": "scoring", "update_s": "updating"}
FORMS = {
    "greedy_strict": "strict",
    "greedy_flexible": "flexible",
    "format_rate": "in the strict form",
    "truncation_rate": "cut off",
    "verifier_failure_rate": "not judged",
}
COLLAPSE = {"reward": "nothing correct", "entropy": "no entropy", "truncation": "all truncated"}
RUN = ("model", "dataset", "variant", "seed")
RUN_COLUMNS = ("status", "inert", "rounds", "rollouts", "tokens", "seconds", "reward_first", "reward_last")


@dataclass(frozen=True)
class RunRecords:
    """What the runs wrote beside their results: provenance and seconds by kind of work."""

    provenance: list[dict[str, Any]]
    seconds: dict[str, float]


def read_run_records(plan: StudyPlan) -> RunRecords:
    """Read ``provenance.json`` and ``timings.jsonl`` of every run, from the folder the plan's paths are relative to.

    Raises:
        BadInputError: one is missing or broken.
    """
    seconds = dict.fromkeys(SECONDS, 0.0)
    provenance = []
    for run in plan.runs:
        folder = Path(run.folder)
        provenance.append(read_document(folder / "provenance.json"))
        for timing in read_lines(folder / "timings.jsonl"):
            for name in SECONDS:
                seconds[name] += timing[name]
    return RunRecords(provenance, seconds)


def cost(results: Results, records: RunRecords) -> dict[str, str]:
    """What the study took: runs, rollouts, tokens, seconds, and where the seconds of training went."""
    runs = results.runs
    diverged = int((runs["status"] == "diverged").sum())
    busy = sum(records.seconds.values())
    shares = ", ".join(f"{records.seconds[key] / busy:.0%} {name}" for key, name in SECONDS.items()) if busy else "none"
    return {
        "Runs": f"{len(runs):,}" + (f", of which {diverged} diverged" if diverged else ", none diverged"),
        "Rollouts": f"{int(runs['rollouts'].sum()):,}",
        "Tokens sampled": f"{int(runs['tokens'].sum()):,}",
        "Seconds of training": f"{float(runs['seconds'].sum()):,.0f}, summed over runs ({shares})",
    }


def endings(results: Results) -> Table:
    """How the runs of each variant ended: a row per variant; collapsed runs are among the finished ones as well."""
    rows = []
    for variant in results.variants:
        of_variant = results.runs[results.runs["variant"] == variant.name]
        ways = [way for ways in of_variant["collapse"].fillna("") for way in ways.split(", ") if way]
        counts = collections.Counter(ways)
        numbers = [len(of_variant), int((of_variant["status"] == "diverged").sum()), *(counts[way] for way in COLLAPSE)]
        rows.append([Cell(variant.label, variant.label), *(Cell(f"{number:,}", number) for number in numbers)])
    return Table(["variant", "runs", "diverged", *(f"collapsed: {what}" for what in COLLAPSE.values())], rows)


def provenance(results: Results, records: RunRecords) -> dict[str, list[str]]:
    """Commits, code, versions and digests that the runs recorded; several values are counted."""
    provenances = records.provenance
    dirty = {True: " with local changes", False: "", None: ""}
    commits = [(p["commit"] or "not in a git repository") + dirty[p["dirty"]] for p in provenances]
    packages = sorted({name for p in provenances for name in p["packages"]})
    plan = results.plan
    return {
        "Commit": with_counts(commits),
        "Code of the training stage": with_counts(p["code"] for p in provenances),
        "Python": with_counts(p["python"] for p in provenances),
        "Platform": with_counts(f"{p['platform']}, {p['threads']} threads" for p in provenances),
        **{name: with_counts(p["packages"].get(name, "absent") for p in provenances) for name in packages},
        "Seeds": [_seeds(plan)],
        "Models": [f"{name}: {planned.digest}" for name, planned in plan.models.items()],
        "Datasets": [f"{name}: {planned.digest}" for name, planned in plan.datasets.items()],
        "Evaluation sets": [f"{name}: {planned.digest}" for name, planned in plan.evaluation_sets.items()],
    }


def with_counts(values: Iterable[str]) -> list[str]:
    """Distinct values, the most frequent first, each with its count where there are several."""
    counts = collections.Counter(map(str, values)).most_common()
    return [value if len(counts) == 1 else f"{value} ({n} runs)" for value, n in counts]


def learning(results: Results, pair: Pair) -> Table:
    """Greedy accuracy of the base model and of the baseline at its last checkpoint: whether there was learning."""
    greedy = results.greedy(pair)
    baseline = greedy[greedy["variant"] == BASELINE]
    rows = []
    for s in results.evaluation_sets(pair):
        part = baseline[baseline["evaluation_set"] == s.name]
        if part.empty:
            continue
        before = part[part["round"] == 0]["value"].mean()
        after = part[part["round"] == part.groupby("seed")["round"].transform("max")]["value"]
        spread = f"{after.min():.1%} to {after.max():.1%}" if len(after) > 1 else "one seed"
        rows.append(
            [
                Cell(s.name, note=s.kind),
                Cell(f"{before:.1%}", float(before)),
                Cell(f"{after.mean():.1%}", float(after.mean()), spread),
                Cell(f"{int(part['n_queries'].iloc[0]):,}", int(part["n_queries"].iloc[0])),
            ]
        )
    return Table(["evaluation set", "base model", "fine-tuned", "queries"], rows)


def forms(results: Results, pair: Pair) -> Table:
    """What the baseline's greedy answers look like at the base model and at its last checkpoint, mean over seeds.

    Where strict accuracy rises and flexible accuracy does not, the form of answers was learnt and not the task.
    """
    table = results.of(pair, "evaluations")
    baseline = table[table["variant"] == BASELINE]
    last = baseline.groupby("seed")["round"].transform("max")
    rows = []
    for s in results.evaluation_sets(pair):
        cells = [Cell(s.name, note=s.kind)]
        for metric in FORMS:
            of_metric = (baseline["evaluation_set"] == s.name) & (baseline["metric"] == metric)
            before = baseline.loc[of_metric & (baseline["round"] == 0), "value"].mean()
            after = baseline.loc[of_metric & (baseline["round"] == last), "value"].mean()
            cells.append(Cell(f"{before:.1%} → {after:.1%}", float(after)))
        if any(baseline["evaluation_set"] == s.name):
            rows.append(cells)
    return Table(["evaluation set", *FORMS.values()], rows)


def gains(results: Results, pair: Pair) -> Table:
    """Levels at the primary endpoint with their verdicts: a row per level, a column per suite and budget."""
    table, panels = results.judged(pair), results.panels(pair)
    cells = {(row.variant, row.panel): verdict_cell(row) for row in table.itertuples()}
    inert = results.inert(pair)
    rows = [
        [level_cell(v, inert), *(cells.get((v.name, panel.name), Cell("not evaluated")) for panel in panels)]
        for v in results.levels
        if v.name in set(table["variant"])
    ]
    return Table(["level", *(panel.name for panel in panels)], rows)


def other_gains(results: Results, pair: Pair, evaluation_set: ReportedSet) -> Table:
    """Marginal gains on one evaluation set by every metric and budget: a row per level."""
    table = results.gains(pair)
    table = table[table["evaluation_set"] == evaluation_set.name]
    kinds = list(dict.fromkeys(zip(table["metric"], table["budget"], strict=True)))
    cells = {(row.variant, row.metric, row.budget): gain_cell(row) for row in table.itertuples()}
    inert = results.inert(pair)
    rows = [
        [level_cell(v, inert), *(cells.get((v.name, *kind), Cell("–")) for kind in kinds)]
        for v in results.levels
        if v.name in set(table["variant"])
    ]
    return Table(["level", *(f"{metric}, equal {budget}" for metric, budget in kinds)], rows)


def gain_cell(row: Any) -> Cell:
    """``+5.2`` points and the interval."""
    interval = "no interval" if pd.isna(row.low) else f"[{points(row.low)}, {points(row.high)}]"
    return Cell(points(row.estimate), float(row.estimate), interval)


def verdict_cell(row: Any) -> Cell:
    """The same with the verdict, the p-value, and what an undecided comparison would have found."""
    cell, verdict = gain_cell(row), str(row.verdict)
    said = [verdict] if pd.isna(row.p) or pd.isna(row.test_level) else [f"{verdict}, p = {row.p:.2g}"]
    if verdict == "undecided":
        said.append(f"would show ≥ {100 * row.detectable:.1f}")
        said += ["stopped: more seeds would hardly tell"] if pd.notna(row.chance) else []
    return Cell(cell.text, cell.sort, "\n".join([cell.note, *said]), verdict.replace(" ", "-"))


def level_cell(variant: PlannedVariant, inert: set[str]) -> Cell:
    """A level's name, what it is relative to and what it is marked as."""
    return Cell(variant.label, variant.label, variant.comparison + (" · inert" if variant.name in inert else ""))


def runs(results: Results) -> Table:
    """Every run: its accuracies at the last checkpoint, how it ended, and the configuration keys that differ."""
    table = results.runs
    order = {v.name: i for i, v in enumerate(results.variants)}
    labels = {v.name: v.label for v in results.variants}
    keys = [c for c in _configuration(table) if table[c].nunique(dropna=False) > 1]
    ordered = table.assign(_order=table["variant"].map(order))
    ordered = ordered.sort_values(["model", "dataset", "_order", "seed"], kind="stable")
    several = len(results.pairs) > 1
    sets = list(dict.fromkeys(s.name for pair in results.pairs for s in results.evaluation_sets(pair)))
    accuracies = _accuracies(results)
    rows = []
    for record in ordered.to_dict("records"):
        run = tuple(record[key] for key in RUN)
        pair = [cell(f"{record['model']} × {record['dataset']}")] if several else []
        name = cell(labels[record["variant"]])
        reached = [accuracies.get((*run, s)) for s in sets]
        accuracy = [Cell("–") if value is None else Cell(f"{value:.1%}", value) for value in reached]
        values = [cell(record[c]) for c in (*RUN_COLUMNS, *keys)]
        rows.append([*pair, name, cell(record["seed"]), *accuracy, *values])
    headings = [c.replace("_", " ") for c in RUN_COLUMNS] + [k.removeprefix("config.") for k in keys]
    return Table([*(["model × dataset"] if several else []), "variant", "seed", *sets, *headings], rows)


def _accuracies(results: Results) -> dict[tuple[Any, ...], float]:
    """Greedy accuracy at the last checkpoint, by run and evaluation set."""
    greedy = pd.concat([results.greedy(pair) for pair in results.pairs])
    last = greedy[greedy["round"] == greedy.groupby([*RUN])["round"].transform("max")]
    return dict(zip(last[[*RUN, "evaluation_set"]].itertuples(index=False, name=None), last["value"], strict=True))


def shared_configuration(results: Results) -> dict[str, str]:
    """The configuration keys that are the same in every run, with their value."""
    table = results.runs
    keys = [c for c in _configuration(table) if table[c].nunique(dropna=False) == 1]
    return {key.removeprefix("config."): cell(table[key].iloc[0]).text for key in keys}


def _configuration(table: pd.DataFrame) -> list[str]:
    return sorted(c for c in table.columns if c.startswith("config."))


def _seeds(plan: StudyPlan) -> str:
    """Those of a variant, or how the study raced."""
    if len(plan.race.looks) == 1:
        return ", ".join(map(str, plan.seeds))
    looks = ", ".join(map(str, plan.race.looks))
    return f"a race from 0 on, looks at {looks}; {plan.race.reference} of the baseline at least"
