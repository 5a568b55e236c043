"""THE DESIGN: the schema of a study file. Unknown keys, wrong types and impossible values are refused in one line.

Only planning imports this module; stages read ``run.json`` into the small dataclasses beside the code they configure,
so that an edit here retrains nothing. ``config/README.md`` and ``workflow/schemas/study.schema.json`` are made from it.
"""

from __future__ import annotations

import itertools
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from rftlab.runfolder.study_plan import LEAST_SEEDS, PlannedRace
from rftlab.study.baseline import Baseline, EngineSection
from rftlab.study.probe import Probe
from rftlab.study.section import Count, Natural, NonNegative, Positive, Scientific, Section
from rftlab.study.sources import Dataset, EvaluationSet, Model


class Budget(Section):
    """How long every run trains: exactly one of these."""

    rounds: Count | None = Field(None, description="rounds of every run")
    rollouts: Count | None = Field(
        None, description="sampled rollouts of every run, statistics rollouts included; the last round is whole"
    )
    tokens: Count | None = Field(None, description="sampled tokens of every run; the last round is whole")

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if sum(value is not None for value in (self.rounds, self.rollouts, self.tokens)) != 1:
            raise ValueError("give exactly one of rounds, rollouts, tokens")
        return self


class Every(Section):
    """Distance between checkpoints: exactly one of these. The last round has a checkpoint in any case."""

    rounds: Count | None = Field(None, description="rounds from one checkpoint to the next")
    rollouts: Count | None = Field(None, description="the same in sampled rollouts, rounded up to whole rounds")

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.rounds is None) == (self.rollouts is None):
            raise ValueError("give exactly one of rounds, rollouts")
        return self


class Design(Section):
    """Which factors are crossed; the others change the baseline one at a time."""

    factorial: list[str] = Field(
        [], description="factors that are crossed: every combination of their levels, the baseline's among them, is run"
    )


class Evaluation(Section):
    """What is asked of every checkpoint: greedy always, samples at the base model and at the last."""

    every: Every = Field(description="distance between checkpoints")
    id: list[str] = Field(min_length=1, description="evaluation sets that are splits of the training datasets")
    ood: list[str] = Field([], description="evaluation sets that are out of distribution for every run")
    samples: Natural = Field(8, description="sampled rollouts per query, at the base model and the last checkpoint")
    pass_at: list[Count] = Field([1, 2, 4, 8], description="k of pass@k, none larger than samples")
    temperature: Positive = Field(1.0, description="of those samples")
    top_p: Annotated[float, Field(gt=0, le=1), Scientific] = Field(1.0, description="of those samples")
    max_new_tokens: Count | None = Field(None, description="longest response, in tokens; by default the baseline's")
    seed: Natural = Field(0, description="of those samples; they never share a seed with training")
    engine: EngineSection = Field(EngineSection(), description="what computes the responses")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        for k in self.pass_at:
            if k > self.samples:
                raise ValueError(f"pass_at: {k} is more than samples ({self.samples})")
            if self.pass_at.count(k) > 1:
                raise ValueError(f"pass_at: {k} is given twice")
        return self


class Diagnostics(Section):
    """What is measured on the way."""

    kl_every: Natural = Field(10, description="rounds between measurements of KL to the base model; 0: never")


class Primary(Section):
    """The one endpoint that verdicts are about; all else in the report is secondary."""

    metric: str = Field(
        "greedy_auc",
        description="`greedy_auc`, the mean of greedy accuracy over the checkpoints; `last_half`, over those of the "
        "second half of the budget; `greedy`, at the last checkpoint; `greedy_best_validation`; or `pass@k`",
    )
    budget: Literal["both", "all", "rounds", "rollouts", "tokens"] = Field(
        "both",
        description="levels are compared at equal rounds, sampled rollouts or sampled tokens; `both` is rounds and "
        "rollouts, each a comparison of its own, `all` is all three",
    )


class Report(Section):
    """How results are judged."""

    primary: Primary = Field(Primary(), description="what verdicts are about")
    equivalence_margin: Positive | None = Field(
        None,
        description="differences within ±margin do not matter, 0.02 is two points; by default what the design "
        "resolves: within which a level without effect is called equivalent with a chance of 80%",
    )
    confidence: Annotated[float, Field(gt=0.5, lt=1), Scientific] = Field(0.95, description="of the intervals")
    other_code: str | None = Field(
        None,
        min_length=1,
        description="why runs and evaluations that were made with other code than today's may stand in the report, "
        "which repeats it; without a reason they are refused",
    )


class State(Section):
    """How a run under way is saved; no result depends on it, and changing it makes nothing anew."""

    every_seconds: NonNegative = Field(60.0, description="between saved states; there is one at every checkpoint too")
    grace_seconds: NonNegative = Field(
        10.0, description="a stopped run saves its state if that takes no longer, else it keeps the last saved one"
    )
    wait_seconds: NonNegative = Field(
        30.0, description="waited for another process that trains the same run, before this one stops"
    )


class Race(Section):
    """Seeds until a level is decided: 0, 1, 2, …, in steps."""

    race: list[Count] = Field(
        min_length=1,
        description=f"seeds of a level at each look, {LEAST_SEEDS} or more at the first: `[3, 4, 6, 8, 12]`; what a "
        "look decides, or finds hopeless, gets no further seeds",
    )
    reference: Count = Field(9, description="seeds of the baseline, which most levels are compared with, at least")

    @field_validator("race")
    @classmethod
    def _growing(cls, looks: list[int]) -> list[int]:
        if looks[0] < LEAST_SEEDS:
            raise ValueError(f"the first look needs {LEAST_SEEDS} seeds: fewer give no verdict, not {looks[0]}")
        for before, after in itertools.pairwise(looks):
            if after <= before:
                raise ValueError(f"each look needs more seeds than the one before, not {after} after {before}")
        return looks


Seed = Annotated[int, Field(ge=0, lt=2**31)]
Seeds = Annotated[
    Annotated[list[Seed], Field(min_length=1), Tag("list")] | Annotated[Race, Tag("race")],
    Discriminator(lambda value: "race" if isinstance(value, dict | Race) else "list"),
]


class Study(Section):
    """base models × datasets × (baseline + levels) × seeds."""

    study: str = Field(description="name: results are in `results/<study>/`")
    description: str = Field("", description="what is studied, in a sentence; the report opens with it")
    models: dict[str, Model] = Field(min_length=1, description="name → base model")
    datasets: dict[str, Dataset] = Field(min_length=1, description="name → training dataset")
    baseline: Baseline = Field(Baseline(), description="the reference configuration")
    factors: dict[str, dict[str, dict[str, Any]]] = Field(
        {},
        description="factor → level → dotted overrides of the baseline, `relative_to: factor/level` and `inert: true`",
    )
    design: Design = Field(Design(), description="which factors are crossed")
    seeds: Seeds = Field(
        [0, 1, 2], description="one run each, below three there is no verdict; or `race`: until every level is decided"
    )
    noise_floor: bool = Field(True, description="adds the A/A variant `again`: the baseline as if with another seed")
    budget: Budget = Field(description="how long every run trains")
    evaluation_sets: dict[str, EvaluationSet] = Field(description="name → evaluation set")
    evaluation: Evaluation = Field(description="what is asked of every checkpoint, on which sets")
    diagnostics: Diagnostics = Field(Diagnostics(), description="what is measured on the way")
    probe: Probe | None = Field(
        None, description="measures how much signal each variant's gradient holds; by default off"
    )
    report: Report = Field(Report(), description="how results are judged")
    checkpoints: Literal["keep", "final", "none"] = Field(
        "keep",
        description="which checkpoints stay once their evaluations have been made; a later evaluation needs them",
    )
    state: State = Field(State(), description="how a run under way is saved")
    package_versions: bool = Field(
        False, description="whether another version of torch, transformers, numpy and the like makes all results anew"
    )
    threads: Count = Field(1, description="CPU threads of a training, evaluation or model job")
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="of training and evaluation jobs; auto takes CUDA where there is such a device"
    )

    @field_validator("seeds")
    @classmethod
    def _distinct(cls, seeds: list[int] | Race) -> list[int] | Race:
        seen: set[int] = set()
        for seed in [] if isinstance(seeds, Race) else seeds:
            if seed in seen:
                raise ValueError(f"{seed} is given twice; seeds must differ")
            seen.add(seed)
        return seeds

    @model_validator(mode="after")
    def _no_race_of_cells(self) -> Self:
        if self.design.factorial and isinstance(self.seeds, Race):
            raise ValueError("design.factorial: effects of crossed factors need fixed seeds, and seeds.race has none")
        return self

    @property
    def looks(self) -> PlannedRace:
        """When the study looks at its results: once, where its seeds are fixed."""
        if isinstance(self.seeds, Race):
            return PlannedRace(tuple(self.seeds.race), self.seeds.reference)
        return PlannedRace((len(self.seeds),), len(self.seeds))

    @property
    def possible_seeds(self) -> list[int]:
        """Those of any run that there can be, in the order in which they are taken."""
        if isinstance(self.seeds, Race):
            return [*range(max(self.seeds.reference, *self.seeds.race))]
        return self.seeds
