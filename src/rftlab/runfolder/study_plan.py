"""``plan.json`` as its readers see it: what tables, report and tracking know of a study. Planning writes it.

Paths are relative to the folder that Snakemake works in. What the file says beyond this, nobody reads.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, TypeAdapter, ValidationError

from rftlab.errors import BadInputError
from rftlab.runfolder.read import read_document

BASELINE = "baseline"
NOISE_FLOOR = "noise_floor"  # factor of the A/A variant
CONTROL_FACTORS = ("control", "controls")
CROSS = "+"  # between the factors, and between the levels, of a cell of a factorial design; in no name of one
LEAST_SEEDS = 3  # fewer give no verdict
DECIDED = ("higher", "lower", "equivalent")  # verdicts that stand
UNSAID = ("too few seeds", "no hypothesis")  # where nothing was tested
CURVES = ("greedy_auc", "last_half", "greedy")
BUDGETS = ("rounds", "rollouts", "tokens")
"""At which levels can be judged; all are counts, so that no clock decides."""
"""Metrics that are read off a curve, at any budget; those of one checkpoint have no value at equal rollouts."""
TABLES = ("runs", "curves", "evaluations", "marginal_gains", "verdicts", "effects", "pooled", "collapses")


class Pair(NamedTuple):
    """One base model fine-tuned on one dataset."""

    model: str
    dataset: str

    def __str__(self) -> str:
        return f"{self.model} × {self.dataset}"


@dataclass(frozen=True)
class PlannedModel:
    """A base model: its kind of source, the digest of its configuration, its folder."""

    source: str
    digest: str
    path: str


@dataclass(frozen=True)
class PlannedDataset:
    """A training dataset: its kind of source, the digest that identifies it, split → path."""

    source: str
    digest: str
    splits: Mapping[str, str]


@dataclass(frozen=True)
class PlannedSet:
    """An evaluation set; ``dataset`` is what it is a split of, None for one with queries of its own."""

    path: str
    digest: str
    dataset: str | None
    split: str
    shift: str | None


@dataclass(frozen=True)
class PlannedVariant:
    """The baseline, the A/A variant or one level of a factor; ``overrides`` are its dotted keys."""

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
    def crossed(self) -> tuple[str, ...]:
        """Names of the levels that a cell of a factorial design combines; none for other variants."""
        if self.factor is None or CROSS not in self.factor:
            return ()
        pairs = zip(self.factor.split(CROSS), str(self.level).split(CROSS), strict=True)
        return tuple(f"{factor}/{level}" for factor, level in pairs)

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
        if self.crossed:
            return "cell of crossed factors"
        return f"vs {self.relative_to}" + (" · control" if self.control else "")


@dataclass(frozen=True)
class PlannedRun:
    """One training, its folder and its evaluations: suite → names of its sets, suite → file of its outcomes.

    ``base`` is the file of its base model's outcomes.
    """

    model: str
    dataset: str
    variant: str
    factor: str | None
    level: str | None
    relative_to: str | None
    seed: int
    folder: str
    suites: Mapping[str, tuple[str, ...]]
    evaluations: Mapping[str, str]
    base: str

    @property
    def pair(self) -> Pair:
        """Its base model and dataset."""
        return Pair(self.model, self.dataset)

    @property
    def labels(self) -> dict[str, Any]:
        """What identifies it in the tables."""
        return {name: getattr(self, name) for name in ("model", "dataset", "variant", "factor", "level", "seed")}

    @property
    def key(self) -> str:
        """Where its files are, below ``runs``."""
        return f"{self.model}/{self.dataset}/{self.variant}/seed-{self.seed}"


@dataclass(frozen=True)
class PlannedEvaluation:
    """Samples per query at the base model and the last checkpoint, and the k of pass@k."""

    samples: Annotated[int, Field(ge=0)]
    pass_at: tuple[Annotated[int, Field(ge=1)], ...]

    def __post_init__(self) -> None:
        if max(self.pass_at, default=0) > self.samples:
            raise ValueError(f"pass_at: no k above the {self.samples} samples of a query is possible")


@dataclass(frozen=True)
class PlannedPrimary:
    """The endpoint that verdicts are about: a metric, and at equal what; ``both`` is rounds and rollouts."""

    metric: str
    budget: Literal["both", "all", "rounds", "rollouts", "tokens"]

    @property
    def budgets(self) -> tuple[str, ...]:
        """The budgets at which levels are judged."""
        return {"both": BUDGETS[:2], "all": BUDGETS}.get(self.budget, (self.budget,))

    def hypotheses(self, same: bool) -> list[tuple[str, ...]]:
        """Budgets of each hypothesis about a level on a suite; ``same``: at equal rounds it samples as many rollouts.

        Equal rounds are equal rollouts then, and one hypothesis. A metric of one checkpoint has no other budget than
        rounds.
        """
        budgets = self.budgets if self.metric in CURVES else ("rounds",)
        together = tuple(budget for budget in budgets if same and budget != "tokens")
        return [together] * bool(together) + [(budget,) for budget in budgets if budget not in together]


@dataclass(frozen=True)
class PlannedReport:
    """What verdicts rest on: the primary endpoint, the margin of the equivalence test, as a fraction, and the coverage
    of intervals. ``margin_of_design``: the margin is what the design resolves, and nobody's choice.

    ``other_code`` is the reason why results of other code than the plan's may be shown; None: they may not.
    """

    primary: PlannedPrimary
    equivalence_margin: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    margin_of_design: bool
    confidence: Annotated[float, Field(gt=0, lt=1)]
    other_code: str | None


@dataclass(frozen=True)
class PlannedRace:
    """Seeds of a level at each look, and of the baseline, which most levels are compared with, at least.

    A study with fixed seeds has one look.
    """

    looks: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)]
    reference: Annotated[int, Field(ge=1)]

    def seeds(self, variant: str, look: int) -> int:
        """Seeds of a variant that goes on to a look, counted from 0."""
        return max(self.looks[look], self.reference if variant == BASELINE else 0)

    def most(self, variant: PlannedVariant) -> int:
        """The most seeds that a variant can come to; the A/A variant, of which nothing is said, never goes on."""
        return self.seeds(variant.name, 0 if variant.noise_floor else len(self.looks) - 1)


@dataclass(frozen=True)
class StudyPlan:
    """The content of ``plan.json``; ``runs`` and ``seeds`` are all that a race can come to."""

    study: str
    description: str
    models: Mapping[str, PlannedModel]
    datasets: Mapping[str, PlannedDataset]
    evaluation_sets: Mapping[str, PlannedSet]
    variants: tuple[PlannedVariant, ...]
    runs: tuple[PlannedRun, ...]
    evaluation: PlannedEvaluation
    seeds: tuple[int, ...]
    race: PlannedRace
    budget: Mapping[str, int]
    report: PlannedReport

    @property
    def pairs(self) -> list[Pair]:
        """Model × dataset, in the order of the runs."""
        return list(dict.fromkeys(run.pair for run in self.runs))

    @property
    def first_runs(self) -> list[PlannedRun]:
        """Those of the first look: all, where the study does not race."""
        return [run for run in self.runs if run.seed in self.seeds[: self.race.seeds(run.variant, 0)]]

    @property
    def splits(self) -> dict[str, str]:
        """Split of each evaluation set."""
        return {name: entry.split for name, entry in self.evaluation_sets.items()}


CONTENT = TypeAdapter(StudyPlan)


def read_plan(path: Path) -> StudyPlan:
    """Read a study's ``plan.json``.

    Raises:
        BadInputError: no such file, or not a study's plan; with the key.
    """
    return study_plan(read_document(path), str(path))


def study_plan(document: Mapping[str, Any], where: str) -> StudyPlan:
    """The plan in a JSON object.

    Raises:
        BadInputError: it is none; the message begins with ``where`` and the key.
    """
    try:
        plan = CONTENT.validate_json(json.dumps(document), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"]))
        raise BadInputError(f"{where}: not a study's plan: {key}: {first['msg']}") from None
    for key, named, known in _references(plan):
        if named not in known:
            raise BadInputError(f"{where}: not a study's plan: {key}: {named!r} is not in it")
    return plan


def _references(plan: StudyPlan) -> Iterator[tuple[str, str | None, Collection[str]]]:
    """Where the plan names something that must be in it, the name, and the names there are."""
    variants = [variant.name for variant in plan.variants]
    for name, entry in plan.evaluation_sets.items():
        if entry.dataset is not None:
            yield f"evaluation_sets.{name}.dataset", entry.dataset, plan.datasets
    for i, run in enumerate(plan.runs):
        yield f"runs.{i}.model", run.model, plan.models
        yield f"runs.{i}.dataset", run.dataset, plan.datasets
        yield f"runs.{i}.variant", run.variant, variants
        for suite, sets in run.suites.items():
            yield f"runs.{i}.evaluations", suite, run.evaluations
            yield from ((f"runs.{i}.suites.{suite}", name, plan.evaluation_sets) for name in sets)
