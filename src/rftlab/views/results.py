"""A study's plan and tables, as its figures, its report and the terminal show them: one order, one set of labels."""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from rftlab.errors import BadInputError
from rftlab.runfolder.study_plan import (
    BASELINE,
    BUDGETS,
    TABLES,
    Pair,
    PlannedRun,
    PlannedVariant,
    StudyPlan,
    read_plan,
)

METRICS = {  # in words, where a name does not say it
    "greedy_auc": "mean greedy accuracy over the checkpoints",
    "last_half": "mean greedy accuracy over the checkpoints of the second half",
    "greedy": "greedy accuracy at the last checkpoint",
    "greedy_best_validation": "greedy accuracy at the checkpoint that validation queries choose",
}
SUITES = {"id": "in distribution", "ood": "out of distribution"}


class Panel(NamedTuple):
    """Where levels are judged: a suite of evaluation sets at one budget."""

    suite: str
    budget: str

    @property
    def name(self) -> str:
        """In words."""
        return f"{SUITES[self.suite]}, equal {self.budget}"


class ReportedSet(NamedTuple):
    """An evaluation set as one pair sees it; ``suite`` is "id" or "ood"."""

    name: str
    suite: str
    shift: str | None

    @property
    def kind(self) -> str:
        """Where it lies, in words."""
        if self.suite == "id":
            return "in-distribution"
        return f"out-of-distribution: {self.shift}" if self.shift else "out-of-distribution"


@dataclass(frozen=True)
class Results:
    """The plan of a study and its tables, columns as ``rftlab.analysis.tables`` writes them."""

    plan: StudyPlan
    runs: pd.DataFrame
    curves: pd.DataFrame
    evaluations: pd.DataFrame
    marginal_gains: pd.DataFrame
    verdicts: pd.DataFrame
    effects: pd.DataFrame
    pooled: pd.DataFrame
    collapses: pd.DataFrame

    @property
    def pairs(self) -> list[Pair]:
        """Model × dataset, in the plan's order."""
        return self.plan.pairs

    @property
    def variants(self) -> list[PlannedVariant]:
        """Baseline, A/A, levels in the plan's order, controls last."""
        return sorted(self.plan.variants, key=lambda v: (v.name != BASELINE, not v.noise_floor, v.control))

    @property
    def levels(self) -> list[PlannedVariant]:
        """The variants that are compared with another: neither the baseline nor the cells of crossed factors."""
        return [v for v in self.variants if v.relative_to is not None]

    @property
    def other_code(self) -> str:
        """What is said of runs that were made with other code than the plan's, or evaluated with it; "" for none."""
        count = int(self.runs["other_code"].sum())
        made = f"{count} of {len(self.runs)} runs, or their evaluations, were made with other code than today's"
        return f"{made}: {self.plan.report.other_code}" if count else ""

    def evaluation_sets(self, pair: Pair) -> list[ReportedSet]:
        """Sets on which effects are reported, in-distribution first; validation splits only choose checkpoints."""
        suites = next(run.suites for run in self.plan.runs if run.pair == pair)
        sets = self.plan.evaluation_sets
        return [
            ReportedSet(name, suite, sets[name].shift)
            for suite in ("id", "ood")
            for name in suites.get(suite, [])
            if sets[name].split != "validation"
        ]

    @property
    def partial(self) -> str:
        """What stands above results of a study that has not ended; empty for one that has."""
        if not (self.verdicts["verdict"] == "running").any():
            return ""
        count = f"{len(self.runs)} runs are finished"
        return f"The study has not ended: {count}, and verdicts are those that the looks so far allow."

    @property
    def seeds(self) -> str:
        """Seeds of a variant, in words: of some more than of others where the study raced."""
        counts = self.runs.groupby(["model", "dataset", "variant"]).size()
        fewest, most = int(counts.min()), int(counts.max())
        return f"{fewest} seed{'' if most == 1 else 's'}" if fewest == most else f"{fewest} to {most} seeds"

    @property
    def primary(self) -> str:
        """The primary metric, in words."""
        metric = self.plan.report.primary.metric
        return METRICS.get(metric, metric)

    def judged(self, pair: Pair) -> pd.DataFrame:
        """Every level of a pair at the primary endpoint, with ``variant``, its name, and ``panel``."""
        rows = self.named(self.of(pair, "verdicts"))
        panels = [Panel(*place).name for place in zip(rows["suite"], rows["budget"], strict=True)]
        return rows.assign(panel=panels)

    def hypotheses(self) -> pd.DataFrame:
        """What was judged, each once: ``budgets`` is "rounds and rollouts" where both are one comparison, in all pairs.

        Rows in the order of ``levels``, in distribution first, with ``pair``, its name.
        """
        if not len(self.verdicts):
            return self.verdicts.assign(variant="", pair="", budgets="")
        rows = pd.concat([self.judged(pair).assign(pair=str(pair)) for pair in self.pairs])
        parts = []
        for v, suite in itertools.product(self.levels, SUITES):
            here = rows[(rows["variant"] == v.name) & (rows["suite"] == suite)]
            by_budget = [here[here["budget"] == budget].assign(budgets=budget) for budget in BUDGETS]
            said = [part.set_index("pair")[["estimate", "low", "high", "verdict"]] for part in by_budget]
            if len(here) and said[0].equals(said[1]):
                by_budget[:2] = [by_budget[0].assign(budgets="rounds and rollouts")]
            parts += by_budget
        return pd.concat(parts, ignore_index=True)

    def panels(self, pair: Pair) -> list[Panel]:
        """Where the levels of a pair were judged, in distribution first."""
        there = set(self.judged(pair)["panel"])
        panels = [Panel(suite, budget) for suite in SUITES for budget in BUDGETS]
        return [panel for panel in panels if panel.name in there]

    def gains(self, pair: Pair) -> pd.DataFrame:
        """Marginal gains of a pair by set, metric and budget, all secondary, with ``variant``, the level's name."""
        gains = self.of(pair, "marginal_gains")
        return self.named(gains[gains["evaluation_set"].isin([s.name for s in self.evaluation_sets(pair)])])

    def named(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Rows of levels with ``variant``, the level's name."""
        names = {(v.factor, v.level): v.name for v in self.levels}
        return rows.assign(variant=[names[key] for key in zip(rows["factor"], rows["level"], strict=True)])

    def inert(self, pair: Pair) -> set[str]:
        """Names of the levels that changed nothing: their final weights are their reference's, byte for byte."""
        gains = self.gains(pair)
        return set(gains.loc[gains["inert"].fillna(False).astype(bool), "variant"])

    def greedy(self, pair: Pair) -> pd.DataFrame:
        """Greedy accuracy of every run of a pair, by round and reported evaluation set."""
        table = self.of(pair, "evaluations")
        names = [s.name for s in self.evaluation_sets(pair)]
        return table[(table["metric"] == "greedy") & table["evaluation_set"].isin(names)]

    def of(self, pair: Pair, table: str) -> pd.DataFrame:
        """The rows of a table that belong to a pair."""
        frame: pd.DataFrame = getattr(self, table)
        return frame[(frame["model"] == pair.model) & (frame["dataset"] == pair.dataset)]


def read_results(plan: Path, tables: Path) -> Results:
    """Read plan.json and the tables (Parquet).

    Raises:
        BadInputError: one of the files is not there, or is no Parquet file, or the tables are of another plan's runs.
    """
    for path in (plan, *(tables / f"{name}.parquet" for name in TABLES)):
        if not path.is_file():
            raise BadInputError(f"{path}: no such file; `snakemake tables` writes a study's plan and tables")
    frames = {name: read_table(tables / f"{name}.parquet") for name in TABLES}
    results, names = Results(plan=read_plan(plan), **frames), ["model", "dataset", "variant", "seed"]
    taken = set(results.runs[names].itertuples(index=False, name=None))
    whole = set(map(_key, results.plan.first_runs)) <= taken or set(results.verdicts["verdict"]) == {"running"}
    if not (whole and taken <= set(map(_key, results.plan.runs))):
        raise BadInputError(f"{tables}: of other runs than {plan} has; `snakemake tables` brings them up to date")
    runs = tuple(run for run in results.plan.runs if _key(run) in taken)
    return dataclasses.replace(results, plan=dataclasses.replace(results.plan, runs=runs))


def _key(run: PlannedRun) -> tuple[str, str, str, int]:
    return run.model, run.dataset, run.variant, run.seed


def read_table(path: Path) -> pd.DataFrame:
    """Read a table.

    Raises:
        BadInputError: it is no Parquet file.
    """
    import pyarrow as pa

    try:
        return pd.read_parquet(path)
    except pa.ArrowException as error:
        raise BadInputError(f"{path}: not a Parquet file: {error}") from None
