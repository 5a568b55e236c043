"""THE DESIGN: the schema of a study file. Unknown keys, wrong types and impossible values are refused in one line.

Only planning imports this module; stages read ``run.json`` into the small dataclasses beside the code they configure,
so that an edit here retrains nothing. ``config/README.md`` and ``workflow/schemas/study.schema.json`` are made from it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from rftlab.sources import Count, Dataset, EvaluationSet, Model, Number, Positive, Section, Share


def _named(value: Any) -> Any:
    """``ratio: none`` is short for ``ratio: {name: none}``."""
    return {"name": value} if isinstance(value, str) else value


class Rollouts(Section):
    """What is sampled in a round."""

    queries: Count = Field(32, description="B, queries per round")
    rollouts: Count = Field(1, description="n, trained rollouts per query")
    statistics_rollouts: Annotated[int, Field(ge=0)] = Field(0, description="m, only for the advantage's mean and std")
    temperature: Positive = 1.0
    top_p: Annotated[Share, Field(gt=0)] = 1.0
    max_new_tokens: Count = 48


class Reward(Section):
    """Score of a rollout."""

    name: Literal["outcome", "random"] = Field(
        "outcome", description="random is a control: a coin instead of the verdict"
    )
    correct: Number = 1.0
    incorrect: Number = 0.0
    probability: Share = Field(0.5, description="of the coin, for `random`")


class Named(Section):
    """A level that is a file; its parameters stand beside its name."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)
    name: str


NamedLevel = Annotated[Named, BeforeValidator(_named)]


class Kl(Section):
    """KL penalty to the base model, in the loss."""

    coefficient: Annotated[Number, Field(ge=0)] = 0.0
    estimator: str = "k3"


class Objective(Section):
    """What is minimised."""

    ratio: NamedLevel = Named(name="none")
    aggregation: NamedLevel = Named(name="token_mean")
    kl: Kl = Kl()


class Optimizer(Section):
    """AdamW with a constant learning rate."""

    lr: Annotated[Number, Field(ge=0)] = 1.0e-6
    weight_decay: Annotated[Number, Field(ge=0)] = 0.01
    betas: list[Share] = Field([0.9, 0.999], min_length=2, max_length=2)
    epsilon: Positive = 1.0e-8
    max_gradient_norm: Positive = 1.0


class Update(Section):
    """How the update is computed; no result depends on it beyond rounding."""

    token_budget: Count = Field(16384, description="tokens per micro-batch, padding included")


class Baseline(Section):
    """The reference configuration; each level overrides it at dotted keys."""

    rollout: Rollouts = Rollouts()
    reward: Reward = Reward()
    advantage: NamedLevel = Named(name="raw")
    objective: Objective = Objective()
    optimizer: Optimizer = Optimizer()
    update: Update = Update()


class Budget(Section):
    """How long every run trains: exactly one of these."""

    rounds: Count | None = None
    rollouts: Count | None = None
    tokens: Count | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if sum(value is not None for value in (self.rounds, self.rollouts, self.tokens)) != 1:
            raise ValueError("give exactly one of rounds, rollouts, tokens")
        return self


class Every(Section):
    """Distance between checkpoints: exactly one of these."""

    rounds: Count | None = None
    rollouts: Count | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.rounds is None) == (self.rollouts is None):
            raise ValueError("give exactly one of rounds, rollouts")
        return self


class Evaluation(Section):
    """What is asked of every checkpoint: greedy always, samples at the base model and at the last."""

    every: Every
    id: list[str] = Field(min_length=1, description="sets of the training datasets' own distribution")
    ood: list[str] = Field([], description="sets that are out of distribution for every run")
    samples: Annotated[int, Field(ge=0)] = 8
    pass_at: list[Count] = Field([1, 2, 4, 8], description="k of pass@k, none larger than samples")
    temperature: Positive = 1.0
    top_p: Annotated[Share, Field(gt=0)] = 1.0
    max_new_tokens: Count | None = Field(None, description="default: the baseline's")
    seed: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _possible(self) -> Self:
        for k in self.pass_at:
            if k > self.samples:
                raise ValueError(f"pass_at: {k} is more than samples ({self.samples})")
        return self


class Diagnostics(Section):
    """What is measured on the way."""

    kl_every: Annotated[int, Field(ge=0)] = Field(
        10, description="rounds between measurements of KL to the base; 0: never"
    )


class Report(Section):
    """How results are judged."""

    equivalence_margin: Positive = Field(0.02, description="an interval inside ±margin is called equivalent")
    confidence: Annotated[Share, Field(gt=0.5, lt=1)] = 0.95


class Study(Section):
    """base models × datasets × (baseline + levels) × seeds."""

    study: str
    description: str = ""
    models: dict[str, Model] = Field(min_length=1)
    datasets: dict[str, Dataset] = Field(min_length=1)
    baseline: Baseline = Baseline()
    factors: dict[str, dict[str, dict[str, Any]]] = Field(
        {}, description="factor → level → dotted overrides of the baseline, and `relative_to: factor/level`"
    )
    seeds: list[Annotated[int, Field(ge=0, lt=2**31)]] = Field([0, 1, 2], min_length=1)
    noise_floor: bool = Field(True, description="adds the A/A variant `again`: the baseline as if with another seed")
    budget: Budget
    evaluation_sets: dict[str, EvaluationSet]
    evaluation: Evaluation
    diagnostics: Diagnostics = Diagnostics()
    report: Report = Report()
    threads: Count = Field(1, description="CPU threads of a training, evaluation or model job")
