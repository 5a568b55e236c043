"""A study's plan and tables, as its figures, its report and the terminal show them: one order, one set of labels."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from rftlab.errors import BadInputError

TABLES = ("runs", "curves", "evaluations", "marginal_gains")
PRIMARY = {"metric": "greedy", "budget": "rounds"}  # greedy accuracy at the last checkpoint, at equal rounds
BASELINE, NOISE_FLOOR = "baseline", "noise_floor"
CONTROL_FACTORS = ("control", "controls")
MINIMUM_SEEDS = 3  # fewer give no verdict


class Pair(NamedTuple):
    """One base model fine-tuned on one dataset."""

    model: str
    dataset: str

    def __str__(self) -> str:
        """As headings have it."""
        return f"{self.model} × {self.dataset}"


class EvaluationSet(NamedTuple):
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
class Variant:
    """The baseline, the A/A variant or one level of a factor."""

    name: str
    factor: str | None
    level: str | None
    relative_to: str | None
    overrides: Mapping[str, Any]

    @property
    def noise_floor(self) -> bool:
        """Whether it is the A/A variant."""
        return self.factor == NOISE_FLOOR

    @property
    def control(self) -> bool:
        """Whether it is there to show what no learning looks like: a factor named control, or a learning rate of 0."""
        return self.factor in CONTROL_FACTORS or self.overrides.get("optimizer.lr") == 0

    @property
    def label(self) -> str:
        """Its name, for people."""
        return "A/A: baseline again" if self.noise_floor else self.name

    @property
    def comparison(self) -> str:
        """What it is compared with, and what kind of comparison that is."""
        return f"vs {self.relative_to}" + (" · control" if self.control else "")


@dataclass(frozen=True)
class Results:
    """The plan of a study and its four tables, columns as ``rftlab.tables`` writes them."""

    plan: dict[str, Any]
    runs: pd.DataFrame
    curves: pd.DataFrame
    evaluations: pd.DataFrame
    marginal_gains: pd.DataFrame

    @property
    def pairs(self) -> list[Pair]:
        """Model × dataset, in the plan's order."""
        return pairs(self.plan)

    @property
    def variants(self) -> list[Variant]:
        """Baseline, A/A, levels in the plan's order, controls last."""
        variants = [
            Variant(v["name"], v["factor"], v["level"], v["relative_to"], v["overrides"]) for v in self.plan["variants"]
        ]
        return sorted(variants, key=lambda v: (v.name != BASELINE, not v.noise_floor, v.control))

    @property
    def levels(self) -> list[Variant]:
        """The variants that have a marginal gain: all but the baseline."""
        return [v for v in self.variants if v.name != BASELINE]

    def evaluation_sets(self, pair: Pair) -> list[EvaluationSet]:
        """Sets on which effects are reported, in-distribution first; validation splits only choose checkpoints."""
        suites = next(r["suites"] for r in self.plan["runs"] if (r["model"], r["dataset"]) == pair)
        planned = self.plan["evaluation_sets"]
        return [
            EvaluationSet(name, suite, planned[name].get("shift"))
            for suite in ("id", "ood")
            for name in suites.get(suite, [])
            if planned[name].get("split") != "validation"
        ]

    def gains(self, pair: Pair, *, primary: bool = True) -> pd.DataFrame:
        """Marginal gains of a pair with ``variant``, the name of the level; those of the primary metric, or all."""
        gains = self.of(pair, "marginal_gains")
        if primary:
            for column, value in PRIMARY.items():
                gains = gains[gains[column] == value]
        gains = gains[gains["evaluation_set"].isin([s.name for s in self.evaluation_sets(pair)])]
        names = {(v.factor, v.level): v.name for v in self.levels}
        keys = zip(gains["factor"], gains["level"], strict=True)
        return gains.assign(variant=[names[key] for key in keys])

    def greedy(self, pair: Pair) -> pd.DataFrame:
        """Greedy accuracy of every run of a pair, by round and reported evaluation set."""
        table = self.of(pair, "evaluations")
        reported = [s.name for s in self.evaluation_sets(pair)]
        return table[(table["metric"] == "greedy") & table["evaluation_set"].isin(reported)]

    def of(self, pair: Pair, table: str) -> pd.DataFrame:
        """The rows of a table that belong to a pair."""
        frame: pd.DataFrame = getattr(self, table)
        return frame[(frame["model"] == pair.model) & (frame["dataset"] == pair.dataset)]


def pairs(plan: Mapping[str, Any]) -> list[Pair]:
    """Model × dataset in the order of the plan's runs."""
    return list(dict.fromkeys(Pair(run["model"], run["dataset"]) for run in plan["runs"]))


def load(plan: Path, tables: Path) -> Results:
    """Read plan.json and the four tables (Parquet).

    Raises:
        BadInputError: one of the files is not there.
    """
    for path in (plan, *(tables / f"{name}.parquet" for name in TABLES)):
        if not path.is_file():
            raise BadInputError(f"{path}: no such file; `snakemake tables` writes a study's plan and tables")
    frames = {name: pd.read_parquet(tables / f"{name}.parquet") for name in TABLES}
    return Results(plan=json.loads(plan.read_text(encoding="utf-8")), **frames)
