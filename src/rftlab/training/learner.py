"""What a run trains with: its ``run.json``, read into small dataclasses, and the objects they configure."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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
from rftlab.rewards.value import Reward
from rftlab.rollouts import EngineConfig, Rollout, Sampling
from rftlab.rollouts.engine import engine_of
from rftlab.training.chosen_tokens import AllTokens, TokenChoice
from rftlab.training.equal_rewards import weights
from rftlab.training.followers import Follower
from rftlab.training.greedy import GreedyResponses, no_greedy_responses
from rftlab.training.kl_reward import KlConfig, KlReward, summed_penalties
from rftlab.training.logprobs import has_plain_head
from rftlab.training.minibatches import UpdateConfig, with_logprobs_of
from rftlab.training.objective import Objective
from rftlab.training.optimization import OptimizerConfig
from rftlab.training.passes import Passes
from rftlab.training.pool import Pool
from rftlab.training.scored import Scoring


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
    redraws: int = 0
    sync_every: int = 1
    order: str = "epochs"
    only: int | None = None
    down_sample: int | None = None
    difficulty: Mapping[str, Any] = field(default_factory=dict)

    @property
    def per_query(self) -> int:
        """M = n + m."""
        return self.rollouts + self.statistics_rollouts

    @property
    def trained(self) -> int:
        """Rollouts of a query that are trained on: n, or the fewer that are chosen among them."""
        return self.down_sample or self.rollouts

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
    """A run ends after so many rounds, or after the round in which it has sampled so many tokens or rollouts."""

    rounds: int | None = None
    tokens: int | None = None
    rollouts: int | None = None

    def spent(self, rounds: int, tokens: int, rollouts: int) -> bool:
        """Whether the run is over."""
        spent = {"rounds": rounds, "tokens": tokens, "rollouts": rollouts}
        limits = {name: limit for name in spent if (limit := getattr(self, name)) is not None}
        assert limits, "a budget has rounds, tokens or rollouts"
        return any(spent[name] >= limit for name, limit in limits.items())


class Learner:
    """A policy, its optimizer, its objective and everything else a round needs, built from a run's ``run.json``."""

    def __init__(self, run: dict[str, Any], base: PolicyDirectory, queries: list[Query]) -> None:
        config = run["config"]
        self.random_seed: int = run["random_seed"]
        self.rollout = RolloutConfig(**config["rollout"])
        self.budget = BudgetConfig(**config["budget"])
        self.optimizer_config = OptimizerConfig.read(config["optimizer"])
        self.update_config = UpdateConfig(**config["update"])
        self.precision = PrecisionConfig(**config["precision"])
        self.checkpoint_every: int = config["checkpoint_every"]
        self.kl_every: int = config["diagnostics"]["kl_every"]

        self.advantage = advantage(config)
        self.weights = partial(
            weights,
            aggregate=level("objectives.aggregation", config["objective"]["aggregation"]),
            limit=self.rollout.max_new_tokens,
            drop_equal=config["objective"].get("drop_equal_rewards", False),
        )
        self.mask = mask(config["objective"])

        device = prepare(config["device"])
        self.tokenizer = base.tokenizer()
        floor = read("advantages", config["advantage"]["name"]).constants.get("MINIMUM_REWARD", -math.inf)
        scorer, reward = Scorer(config["verifier"]), Reward(config["reward"], floor)
        self.scoring = Scoring(self.tokenizer, scorer, reward, self.rollout.max_new_tokens, self.random_seed)
        self.policy = trained_policy(base, device, config, self.random_seed)
        kl = KlConfig(**config["objective"]["kl"])
        self.followers = followers(self.policy, self.rollout.sync_every, kl)
        self.models = {"policy": self.policy, **{name: one.model for name, one in self.followers.items()}}
        needs_base = self.kl_every or (kl.coefficient and not kl.refresh_every)
        self.reference = base.model(frozen=True).to(device) if needs_base else None
        penalised = self.models.get("reference", self.reference)
        self.objective = objective(config["objective"], penalised, several=self.update_config.several)
        self.optimizer = self.optimizer_config.build(self.policy)
        self.passes = Passes(
            pad_token(self.tokenizer),
            self.rollout.temperature,
            self.update_config.token_budget,
            self.precision.autocast_dtype,
            self.update_config.compile,
        )
        renews = old_is_trainer(config["objective"]) and self.update_config.several
        self.with_old = partial(with_logprobs_of, self.policy, passes=self.passes) if renews else list[Rollout]
        engine = EngineConfig(**config["engine"])
        self.sampled = self.models.get("sampler", self.policy)
        self.engine = engine_of(base, self.sampled, self.tokenizer, engine, **self.precision.sampler_formats)
        self.kl_reward = kl_reward(kl, self.policy, penalised, self.passes)
        prompts = encode_all(
            self.tokenizer,
            PromptConfig(**config["prompt"]),
            queries,
            context=context(self.policy.config),
            response=self.rollout.max_new_tokens,
        )
        self.overlong = prompts.overlong
        which = self.rollout.order, self.rollout.only, self.rollout.difficulty
        self.pool = Pool(prompts.queries, prompts.ids, *which)
        asked = read("advantages", config["advantage"]["name"]).constants.get("GREEDY", False)
        self.greedy = self._greedy() if asked else no_greedy_responses

    def follow(self, number: int) -> None:
        """Bring what follows the policy up to date after round ``number``."""
        for follower in self.followers.values():
            follower.follow(number)
        if number % self.rollout.sync_every == 0:
            self.engine.sync(self.sampled)

    def _greedy(self) -> GreedyResponses:
        known = {query.id: (query, ids) for query, ids in zip(self.pool.queries, self.pool.prompts, strict=True)}
        return GreedyResponses(self.engine, self.scoring, self.rollout.sampling, known)

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


def objective(config: Mapping[str, Any], reference: PreTrainedModel | None, *, several: bool = False) -> Objective:
    """What a run minimises; without a coefficient, or with its KL in the reward, there is no penalty.

    Where ``several`` steps are taken on a round, rollouts come with the log-probabilities of π_old.
    """
    kl = config["kl"]
    in_loss = kl["coefficient"] and not kl.get("in_reward", False)
    return Objective(
        policy_loss=level("objectives.ratio", config["ratio"]),
        penalty=load("objectives.kl", kl["estimator"]) if in_loss else None,
        kl_coefficient=kl["coefficient"],
        reference=reference,
        old_is_trainer=old_is_trainer(config) and not several,
        leash=read("objectives.ratio", config["ratio"]["name"]).constants.get("LEASH", False),
        entropy_coefficient=config.get("entropy", {"coefficient": 0.0})["coefficient"],
        tokens=tokens(config.get("tokens", {"name": "all"})),
    )


def followers(policy: PreTrainedModel, sync_every: int, kl: KlConfig) -> dict[str, Follower]:
    """A sampler that is behind the policy, and a reference that moves, where the run has them."""
    every = {"sampler": sync_every if sync_every > 1 else 0, "reference": kl.refresh_every if kl.coefficient else 0}
    return {name: Follower(policy, k) for name, k in every.items() if k}


def kl_reward(kl: KlConfig, policy: PreTrainedModel, reference: PreTrainedModel | None, passes: Passes) -> KlReward:
    """What is subtracted from rewards; nothing without a coefficient, or where the penalty is in the loss."""
    if reference is None or not (kl.coefficient and kl.in_reward):
        return KlReward(kl, None)
    return KlReward(kl, partial(summed_penalties, policy, reference, load("objectives.kl", kl.estimator), passes))


def old_is_trainer(config: Mapping[str, Any]) -> bool:
    """Whether the policy loss of an objective compares with what the trainer itself computed before the update."""
    return read("objectives.ratio", config["ratio"]["name"]).constants.get("OLD_POLICY") == "trainer"


def mask(config: Mapping[str, Any]) -> Any:
    """What leaves rollouts out of the loss, by their tokens' weights; without a level all weights stay as they are."""
    return level("objectives.mask", config["mask"]) if "mask" in config else lambda weights_Bn, *_: weights_Bn


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
