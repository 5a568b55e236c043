"""What a run trains with: its ``run.json``, read into small dataclasses, and the objects they configure."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from transformers import PreTrainedModel

from rftlab.advantages import Floats, Round
from rftlab.data.queries import Query
from rftlab.errors import BadInputError
from rftlab.levels import load, read
from rftlab.policies.device import prepare
from rftlab.policies.directory import PolicyDirectory
from rftlab.policies.lora import LoraConfig, merged
from rftlab.policies.prompts import PromptConfig, context, encode_all, pad_token
from rftlab.rewards.scoring import Scorer
from rftlab.rewards.value import RewardConfig
from rftlab.rollouts import EngineConfig, Sampling
from rftlab.rollouts.engine import engine_of
from rftlab.training.chosen_tokens import AllTokens, TokenChoice
from rftlab.training.greedy import GreedyResponses, no_greedy_responses
from rftlab.training.logprobs import has_plain_head
from rftlab.training.objective import Objective
from rftlab.training.optimization import OptimizerConfig
from rftlab.training.passes import Passes


@dataclass(frozen=True)
class RolloutConfig:
    """B queries, n trained and m statistics rollouts of each, and how they are sampled."""

    queries: int
    rollouts: int
    statistics_rollouts: int
    temperature: float
    top_p: float
    max_new_tokens: int
    stop: tuple[str, ...] = ()

    @property
    def per_query(self) -> int:
        """M = n + m."""
        return self.rollouts + self.statistics_rollouts

    @property
    def sampling(self) -> Sampling:
        """Parameters of one rollout."""
        return Sampling(self.max_new_tokens, self.temperature, self.top_p, tuple(self.stop))


@dataclass(frozen=True)
class PrecisionConfig:
    """Formats of numbers, by their names in torch; weights and optimizer are float32 in any case."""

    autocast: str
    checkpoint_dtype: str
    sampler_dtype: str

    @property
    def autocast_dtype(self) -> torch.dtype | None:
        """What the trainer multiplies matrices in; None: float32."""
        return None if self.autocast == "none" else getattr(torch, self.autocast)

    @property
    def sampler_formats(self) -> dict[str, torch.dtype | None]:
        """The same of the sampler, and the format of a copy of the weights where it has one."""
        own = self.sampler_dtype not in ("trainer", "float32")
        return {
            "autocast": self.autocast_dtype if self.sampler_dtype == "trainer" else None,
            "dtype": getattr(torch, self.sampler_dtype) if own else None,
        }


@dataclass(frozen=True)
class BudgetConfig:
    """A run ends after so many rounds, or after the round in which it has sampled so many tokens."""

    rounds: int | None = None
    tokens: int | None = None

    def spent(self, rounds: int, tokens: int) -> bool:
        """Whether the run is over."""
        if self.rounds is not None:
            return rounds >= self.rounds
        assert self.tokens is not None, "a budget has rounds or tokens"
        return tokens >= self.tokens


class Learner:
    """A policy, its optimizer, its objective and everything else a round needs, built from a run's ``run.json``."""

    def __init__(self, run: dict[str, Any], base: PolicyDirectory, queries: list[Query]) -> None:
        config = run["config"]
        self.random_seed: int = run["random_seed"]
        self.rollout = RolloutConfig(**config["rollout"])
        self.reward = RewardConfig(**config["reward"])
        self.budget = BudgetConfig(**config["budget"])
        self.optimizer_config = OptimizerConfig.read(config["optimizer"])
        self.precision = PrecisionConfig(**config["precision"])
        self.checkpoint_every: int = config["checkpoint_every"]
        self.kl_every: int = config["diagnostics"]["kl_every"]

        self.scorer = Scorer(config["verifier"])
        self.advantage = advantage(config)
        self.token_weights = level("objectives.aggregation", config["objective"]["aggregation"])

        device = prepare(config["device"])
        self.tokenizer = base.tokenizer()
        self.policy = trained_policy(base, device, config, self.random_seed)
        needs_reference = config["objective"]["kl"]["coefficient"] or self.kl_every
        self.reference = base.model(frozen=True).to(device) if needs_reference else None
        self.objective = objective(config["objective"], self.reference)
        self.optimizer = self.optimizer_config.build(self.policy)
        self.passes = Passes(
            pad_token(self.tokenizer),
            self.rollout.temperature,
            config["update"]["token_budget"],
            self.precision.autocast_dtype,
            config["update"]["compile"],
        )
        engine = EngineConfig(**config["engine"])
        self.engine = engine_of(base, self.policy, self.tokenizer, engine, **self.precision.sampler_formats)
        prompts = encode_all(
            self.tokenizer,
            PromptConfig(**config["prompt"]),
            queries,
            context=context(self.policy.config),
            response=self.rollout.max_new_tokens,
        )
        self.queries, self.prompts, self.overlong = prompts.queries, prompts.ids, prompts.overlong
        asked = read("advantages", config["advantage"]["name"]).constants.get("GREEDY", False)
        self.greedy = self._greedy() if asked else no_greedy_responses

    def _greedy(self) -> GreedyResponses:
        known = {q.id: (ids, q.answer) for q, ids in zip(self.queries, self.prompts, strict=True)}
        scoring = self.tokenizer, self.scorer, self.reward, self.rollout.sampling
        return GreedyResponses(self.engine, *scoring, known, self.random_seed)

    def exported(self) -> PreTrainedModel:
        """The policy as checkpoints have it: without adapters, in the format of the study."""
        model, dtype = merged(self.policy), getattr(torch, self.precision.checkpoint_dtype)
        return model if dtype == torch.float32 else copy.deepcopy(model).to(dtype)


def trained_policy(
    base: PolicyDirectory, device: torch.device, config: Mapping[str, Any], random_seed: int
) -> PreTrainedModel:
    """The base model as a run trains it: all its weights, or its adapters alone; activations kept, or computed again.

    Raises:
        BadInputError: its logits are not its last layer's, or no module has one of the adapters' names.
    """
    policy, lora = base.model().to(device), LoraConfig(**config["lora"])
    if not has_plain_head(policy):
        raise BadInputError(f"{base.folder}: logits of {policy.config.model_type} are not its last layer's")
    if lora.rank:
        policy = lora.adapt(policy, random_seed)
    if config["update"]["gradient_checkpointing"]:
        policy.gradient_checkpointing_enable({"use_reentrant": False})
    return policy


def objective(config: Mapping[str, Any], reference: PreTrainedModel | None) -> Objective:
    """What a run minimises; without a coefficient there is no penalty, and its level is not imported."""
    kl = config["kl"]
    return Objective(
        policy_loss=level("objectives.ratio", config["ratio"]),
        penalty=load("objectives.kl", kl["estimator"]) if kl["coefficient"] else None,
        kl_coefficient=kl["coefficient"],
        reference=reference,
        old_is_trainer=read("objectives.ratio", config["ratio"]["name"]).constants.get("OLD_POLICY") == "trainer",
        entropy_coefficient=config.get("entropy", {"coefficient": 0.0})["coefficient"],
        tokens=tokens(config.get("tokens", {"name": "all"})),
    )


def tokens(config: Mapping[str, Any]) -> TokenChoice | AllTokens:
    """Which tokens have a policy loss; where it is all of them there is nothing to choose."""
    if config["name"] == "all":
        return AllTokens()
    declared = read("objectives.tokens", config["name"]).constants
    pull = config["coefficient"] if declared.get("PULLS") else None
    return TokenChoice(level("objectives.tokens", config), declared.get("ENTROPIES", False), pull)


def advantage(config: Mapping[str, Any]) -> Callable[[Round], Floats]:
    """A run's advantage, shaped where the study asks for it."""
    of, shape = level("advantages", config["advantage"]), config["objective"].get("shaping", {"name": "none"})
    shaped = level("objectives.shaping", shape)
    return lambda scores: shaped(of(scores), scores.lengths_BM[:, : scores.n])


def level(kind: str, config: Mapping[str, Any]) -> Any:
    """The level a configuration names, with its parameters bound."""
    return partial(load(kind, config["name"]), **{key: value for key, value in config.items() if key != "name"})
