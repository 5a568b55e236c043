"""What a run trains with: its ``run.json``, read into small dataclasses, and the objects they configure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from rftlab.data.queries import Query
from rftlab.levels import load
from rftlab.models import PolicyDirectory
from rftlab.prompts import PromptConfig, encode, pad_token
from rftlab.rewards._values import RewardConfig
from rftlab.rollouts import EngineConfig, Sampling
from rftlab.update import Objective


@dataclass(frozen=True)
class RolloutConfig:
    """B queries, n trained and m statistics rollouts of each, and how they are sampled."""

    queries: int
    rollouts: int
    statistics_rollouts: int
    temperature: float
    top_p: float
    max_new_tokens: int

    @property
    def per_query(self) -> int:
        """M = n + m."""
        return self.rollouts + self.statistics_rollouts

    @property
    def sampling(self) -> Sampling:
        """Parameters of one rollout."""
        return Sampling(self.max_new_tokens, self.temperature, self.top_p)


@dataclass(frozen=True)
class OptimizerConfig:
    """AdamW with a constant learning rate; ``max_gradient_norm`` clips the norm of the whole gradient."""

    lr: float
    weight_decay: float
    betas: tuple[float, float]
    epsilon: float
    max_gradient_norm: float

    def build(self, policy: torch.nn.Module) -> torch.optim.AdamW:
        """An optimizer of all of a policy's weights."""
        return torch.optim.AdamW(
            policy.parameters(), lr=self.lr, betas=self.betas, eps=self.epsilon, weight_decay=self.weight_decay
        )


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
        self.queries = queries
        self.random_seed: int = run["random_seed"]
        self.rollout = RolloutConfig(**config["rollout"])
        self.reward = RewardConfig(**config["reward"])
        self.budget = BudgetConfig(**config["budget"])
        self.optimizer_config = OptimizerConfig(**config["optimizer"])
        self.checkpoint_every: int = config["checkpoint_every"]
        self.kl_every: int = config["diagnostics"]["kl_every"]
        self.token_budget: int = config["update"]["token_budget"]

        self.verify = load("rewards", config["verifier"])
        self.advantage = level("advantages", config["advantage"])
        self.token_weights = level("objectives.aggregation", config["objective"]["aggregation"])

        self.tokenizer = base.tokenizer()
        self.pad_token = pad_token(self.tokenizer)
        self.policy = base.model()
        kl = config["objective"]["kl"]
        self.reference = base.model(frozen=True) if kl["coefficient"] or self.kl_every else None
        self.objective = Objective(
            policy_loss=level("objectives.ratio", config["objective"]["ratio"]),
            penalty=load("objectives.kl", kl["estimator"]) if kl["coefficient"] else None,
            kl_coefficient=kl["coefficient"],
            reference=self.reference,
        )
        self.optimizer = self.optimizer_config.build(self.policy)
        self.engine = base.engine(self.policy, self.tokenizer, EngineConfig(**config["engine"]))
        prompt = PromptConfig(**config["prompt"])
        self.prompts = [encode(self.tokenizer, prompt, query.query) for query in queries]


def level(kind: str, config: dict[str, Any]) -> Any:
    """The level a configuration names, with its parameters bound."""
    return partial(load(kind, config["name"]), **{key: value for key, value in config.items() if key != "name"})
