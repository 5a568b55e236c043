"""The section ``baseline`` of a study: the reference configuration, which each level overrides at dotted keys."""

from __future__ import annotations

import copy
import functools
import operator
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from rftlab.study.section import Count, Natural, NonNegative, Number, Positive, Scientific, Section, Share


def _with_name(value: Any) -> Any:
    """``ratio: none`` is short for ``ratio: {name: none}``."""
    return {"name": value} if isinstance(value, str) else value


class RolloutSection(Section):
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
    redraws: Natural = Field(
        0,
        description="dynamic sampling: how often, at most, queries of a round whose n + m rewards are all equal are "
        "replaced by others; all of them count in budgets",
    )
    sync_every: Count = Field(
        1,
        description="k, staleness: the sampler takes over the policy's weights every k rounds, so that they are up to "
        "k − 1 rounds old",
    )
    stop: list[Annotated[str, Field(min_length=1)]] = Field(
        [],
        description="texts that end a response, for base models that run on after the answer; the text is part of the "
        "response. Evaluations use the baseline's",
    )


class EngineSection(Section):
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


class RewardSection(Section):
    """Score of a rollout: what `name` pays, or `file`, and the `terms` that are added to it."""

    name: str = Field(
        "outcome", description="who is paid `correct`: a file of `rewards/terms/` that pays successes, table below"
    )
    correct: Number = Field(1.0, description="reward of a correct rollout")
    incorrect: Number = Field(0.0, description="reward of any other rollout")
    probability: Share = Field(0.5, description="of the coin, for `random`; of a wrong label, for `label_noise`")
    file: Annotated[str, Field(min_length=1)] | None = Field(
        None, description="in place of `name`: a Python file of your own, relative to the working directory"
    )
    parameters: dict[str, Any] = Field({}, description="with `file`: keyword parameters of its function")
    terms: dict[str, dict[str, Any]] = Field(
        {}, description="added to it: file of `rewards/terms/` → its parameters, and its `weight`, by default 1"
    )


class LevelSection(Section):
    """A level that is a file: its name, and its own parameters beside it; the name alone is short for `{name: …}`."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)
    name: str = Field(description="name of the file, without .py")


NamedLevel = Annotated[LevelSection, BeforeValidator(_with_name, json_schema_input_type=str | LevelSection)]


class KlSection(Section):
    """KL penalty to the base model, in the loss or in the reward."""

    coefficient: NonNegative = Field(0.0, description="its weight; 0 switches it off")
    estimator: str = Field("k3", description="a file of `objectives/kl/`")
    in_reward: bool = Field(
        False, description="subtract it, summed over a response, from the reward instead of adding it to the loss"
    )
    target: Positive | None = Field(
        None, description="in the reward: KL per token towards which the coefficient is changed after every round"
    )
    horizon: Count = Field(10000, description="rollouts over which `target` corrects the coefficient by a full error")
    refresh_every: Natural = Field(
        0,
        description="rounds after which the reference takes over the policy's weights; 0: it is the base model always",
    )


class ObjectiveSection(Section):
    """What is minimised."""

    ratio: NamedLevel = Field(LevelSection(name="none"), description="importance ratio, a file of `objectives/ratio/`")
    aggregation: NamedLevel = Field(
        LevelSection(name="token_mean"),
        description="weights of tokens in the loss, a file of `objectives/aggregation/`",
    )
    drop_equal_rewards: bool = Field(
        False,
        description="queries whose n + m rewards are all equal have no weight in the loss, nor their tokens in the "
        "aggregation",
    )
    kl: KlSection = Field(KlSection(), description="KL penalty")
    mask: NamedLevel | None = Field(
        None, description="which rollouts weigh nothing in the loss, a file of `objectives/mask/`"
    )
    shaping: NamedLevel = Field(
        LevelSection(name="none"),
        description="what becomes of advantages before they weigh rollouts, a file of `objectives/shaping/`",
    )


class OptimizerSection(LevelSection):
    """An optimizer, its own parameters beside the keys of all."""

    name: str = Field("adamw", description="a file of `optimizers/`")
    lr: NonNegative = Field(1.0e-6, description="learning rate; 0 is a control")
    max_gradient_norm: Positive = Field(1.0, description="a longer gradient is scaled to this norm")
    warmup: Natural = Field(0, description="rounds in which the learning rate rises to `lr`, in equal steps")
    schedule: NamedLevel = Field(
        LevelSection(name="constant"),
        description="the learning rate after the warm-up, a file of `optimizers/schedule/`",
    )


class UpdateSection(Section):
    """In how many steps a round is learnt from; how a step is computed changes nothing but rounding."""

    minibatches: Count = Field(
        1,
        description="k, optimizer steps per pass over a round: it is shuffled and cut into k parts of whole queries; "
        "each step's loss has the round's weights times k",
    )
    epochs: Count = Field(1, description="passes over a round, each shuffled anew")
    token_budget: Count = Field(16384, description="tokens per micro-batch, padding included")
    gradient_checkpointing: bool = Field(
        False, description="compute a layer's activations again instead of keeping them: less memory, more time"
    )
    compile: bool = Field(False, description="run the trainer's forward and backward passes through `torch.compile`")


class PrecisionSection(Section):
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


class LoraSection(Section):
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

    rollout: RolloutSection = Field(RolloutSection(), description="what is sampled in a round")
    engine: EngineSection = Field(EngineSection(), description="what computes the rollouts")
    reward: RewardSection = Field(RewardSection(), description="score of a rollout")
    advantage: NamedLevel = Field(LevelSection(name="raw"), description="training signal, a file of `advantages/`")
    objective: ObjectiveSection = Field(ObjectiveSection(), description="what is minimised")
    optimizer: OptimizerSection = Field(OptimizerSection(), description="how weights move")
    update: UpdateSection = Field(UpdateSection(), description="how the update is computed")
    precision: PrecisionSection = Field(PrecisionSection(), description="formats of numbers")
    lora: LoraSection = Field(LoraSection(), description="low-rank adapters")


LATER = (
    "objective.shaping",
    "optimizer.name",
    "optimizer.warmup",
    "optimizer.schedule",
    "update.minibatches",
    "update.epochs",
    "rollout.redraws",
    "rollout.sync_every",
    "objective.drop_equal_rewards",
    *(f"objective.kl.{key}" for key in ("in_reward", "target", "horizon", "refresh_every")),
)
"""Keys that came later: ``run.json`` holds those that are not their default, so that no earlier run is another now."""


def concise(config: Mapping[str, Any]) -> dict[str, Any]:
    """A resolved configuration as ``run.json`` has it: without the keys of ``LATER`` that have their default."""
    kept, defaults = copy.deepcopy(dict(config)), Baseline().model_dump()
    for dotted in LATER:
        *parents, key = dotted.split(".")
        section, default = (functools.reduce(operator.getitem, parents, tree) for tree in (kept, defaults))
        if section[key] == default[key]:
            del section[key]
    return kept
