"""THE DESIGN: the schema of a study file. Unknown keys, wrong types and impossible values are refused in one line.

Only planning imports this module; stages read ``run.json`` into the small dataclasses beside the code they configure,
so that an edit here retrains nothing. ``config/README.md`` and ``workflow/schemas/study.schema.json`` are made from it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, field_validator, model_validator

from rftlab.study.section import Count, Natural, NonNegative, Number, Positive, Scientific, Section, Share
from rftlab.study.sources import Dataset, EvaluationSet, Model


def _named(value: Any) -> Any:
    """``ratio: none`` is short for ``ratio: {name: none}``."""
    return {"name": value} if isinstance(value, str) else value


class Rollouts(Section):
    """What is sampled in a round."""

    queries: Count = Field(32, description="B, queries per round")
    rollouts: Count = Field(1, description="n, trained rollouts per query")
    statistics_rollouts: Natural = Field(
        0, description="m, more rollouts per query, only for the advantage's mean and std (taken over all n + m)"
    )
    temperature: Positive = Field(1.0, description="of sampling")
    top_p: Annotated[float, Field(gt=0, le=1), Scientific] = Field(
        1.0, description="sample from the likeliest tokens of this mass"
    )
    max_new_tokens: Count = Field(48, description="longest response, in tokens; a longer one is truncated")


class Engine(Section):
    """What computes the rollouts; seeds give the same ones with either engine, but for rounding."""

    name: Literal["transformers", "vllm"] = Field(
        "transformers", description="vllm needs an environment of its own, see docs/vllm.md"
    )
    rows: Count = Field(256, description="rollouts computed side by side, at most")
    cache_gib: Positive = Field(2.0, description="memory for keys and values, in GiB")
    gpu_memory_utilization: Annotated[float, Field(gt=0, le=1), Scientific] = Field(
        0.5, description="vllm on a GPU: share of its memory that must be free at the start"
    )
    sleep: Literal[0, 1, 2] = Field(
        0,
        description="vllm on a GPU: what it gives back after sampling; "
        "0 nothing, 1 the cache (weights move to the CPU), 2 cache and weights",
    )


class Reward(Section):
    """Score of a rollout."""

    name: Literal["outcome", "random"] = Field(
        "outcome", description="random is a control: a coin instead of the verdict"
    )
    correct: Number = Field(1.0, description="reward of a correct rollout")
    incorrect: Number = Field(0.0, description="reward of any other rollout")
    probability: Share = Field(0.5, description="of the coin, for `random`")


class Named(Section):
    """A level that is a file: its name, and its own parameters beside it; the name alone is short for `{name: …}`."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)
    name: str = Field(description="name of the file, without .py")


NamedLevel = Annotated[Named, BeforeValidator(_named, json_schema_input_type=str | Named)]


class Kl(Section):
    """KL penalty to the base model, in the loss."""

    coefficient: NonNegative = Field(0.0, description="weight in the loss; 0 switches it off")
    estimator: str = Field("k3", description="a file of `objectives/kl/`")


class Objective(Section):
    """What is minimised."""

    ratio: NamedLevel = Field(Named(name="none"), description="importance ratio, a file of `objectives/ratio/`")
    aggregation: NamedLevel = Field(
        Named(name="token_mean"), description="weights of tokens in the loss, a file of `objectives/aggregation/`"
    )
    kl: Kl = Field(Kl(), description="KL penalty")


class Optimizer(Section):
    """AdamW with a constant learning rate."""

    lr: NonNegative = Field(1.0e-6, description="learning rate; 0 is a control")
    weight_decay: NonNegative = Field(0.01, description="decoupled, times the learning rate")
    betas: list[Annotated[float, Field(ge=0, lt=1), Scientific]] = Field(
        [0.9, 0.999], min_length=2, max_length=2, description="decay of the first and second moments"
    )
    epsilon: Positive = Field(1.0e-8, description="added to the denominator of a step")
    max_gradient_norm: Positive = Field(1.0, description="a longer gradient is scaled to this norm")


class Update(Section):
    """How the update is computed; no result depends on it beyond rounding."""

    token_budget: Count = Field(16384, description="tokens per micro-batch, padding included")
    gradient_checkpointing: bool = Field(
        False, description="compute a layer's activations again instead of keeping them: less memory, more time"
    )
    compile: bool = Field(False, description="run the trainer's forward and backward passes through `torch.compile`")


class Precision(Section):
    """Formats of numbers. Weights and optimizer are float32 always: in bfloat16 most steps at lr 1e-6 round to none."""

    autocast: Literal["none", "bfloat16"] = Field(
        "none", description="bfloat16 multiplies matrices in it, in the trainer and in a sampler that shares its model"
    )
    checkpoint_dtype: Literal["float32", "bfloat16"] = Field(
        "float32", description="of saved checkpoints, so of what is evaluated"
    )
    sampler_dtype: Literal["trainer", "float32", "bfloat16"] = Field(
        "trainer", description="what rollouts are sampled in: as the trainer computes, or the weights in this format"
    )


class Lora(Section):
    """Low-rank adapters, trained in place of all weights; checkpoints have them merged."""

    rank: Natural = Field(0, description="of the adapters; 0 trains all weights")
    alpha: Count = Field(32, description="an adapter's change is scaled by alpha / rank")
    targets: list[str] = Field(
        ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
        min_length=1,
        description="names of the modules that get one",
    )


class Baseline(Section):
    """The reference configuration; each level overrides it at dotted keys."""

    rollout: Rollouts = Field(Rollouts(), description="what is sampled in a round")
    engine: Engine = Field(Engine(), description="what computes the rollouts")
    reward: Reward = Field(Reward(), description="score of a rollout")
    advantage: NamedLevel = Field(Named(name="raw"), description="training signal, a file of `advantages/`")
    objective: Objective = Field(Objective(), description="what is minimised")
    optimizer: Optimizer = Field(Optimizer(), description="AdamW")
    update: Update = Field(Update(), description="how the update is computed")
    precision: Precision = Field(Precision(), description="formats of numbers")
    lora: Lora = Field(Lora(), description="low-rank adapters")


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
    engine: Engine = Field(Engine(), description="what computes the responses")

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


class Report(Section):
    """How results are judged."""

    equivalence_margin: Positive = Field(
        0.02, description="an interval inside ±margin is called equivalent; 0.02 is two points of accuracy"
    )
    confidence: Annotated[float, Field(gt=0.5, lt=1), Scientific] = Field(0.95, description="of the intervals")


class State(Section):
    """How a run under way is saved; no result depends on it, and changing it makes nothing anew."""

    every_seconds: NonNegative = Field(60.0, description="between saved states; there is one at every checkpoint too")
    grace_seconds: NonNegative = Field(
        10.0, description="a stopped run saves its state if that takes no longer, else it keeps the last saved one"
    )
    wait_seconds: NonNegative = Field(
        30.0, description="waited for another process that trains the same run, before this one stops"
    )


class Study(Section):
    """base models × datasets × (baseline + levels) × seeds."""

    study: str = Field(description="name: results are in `results/<study>/`")
    description: str = Field("", description="what is studied, in a sentence; the report opens with it")
    models: dict[str, Model] = Field(min_length=1, description="name → base model")
    datasets: dict[str, Dataset] = Field(min_length=1, description="name → training dataset")
    baseline: Baseline = Field(Baseline(), description="the reference configuration")
    factors: dict[str, dict[str, dict[str, Any]]] = Field(
        {}, description="factor → level → dotted overrides of the baseline, and `relative_to: factor/level`"
    )
    seeds: list[Annotated[int, Field(ge=0, lt=2**31)]] = Field(
        [0, 1, 2], min_length=1, description="one run each; below three there is no verdict"
    )
    noise_floor: bool = Field(True, description="adds the A/A variant `again`: the baseline as if with another seed")
    budget: Budget = Field(description="how long every run trains")
    evaluation_sets: dict[str, EvaluationSet] = Field(description="name → evaluation set")
    evaluation: Evaluation = Field(description="what is asked of every checkpoint, on which sets")
    diagnostics: Diagnostics = Field(Diagnostics(), description="what is measured on the way")
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
    def _distinct(cls, seeds: list[int]) -> list[int]:
        seen: set[int] = set()
        for seed in seeds:
            if seed in seen:
                raise ValueError(f"{seed} is given twice; seeds must differ")
            seen.add(seed)
        return seeds
