"""Rollouts: what an engine is asked for and what it returns. An engine is any class with ``sync`` and ``generate``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Sampling:
    """Every parameter of sampling; nothing is ever taken from a model's ``generation_config``.

    ``temperature`` 0 means greedy decoding. ``top_p`` < 1 cuts the distribution and so biases the importance ratio.
    ``stop`` are texts that end a response, see :mod:`rftlab.rollouts.stops`.
    """

    max_new_tokens: int
    temperature: float = 1.0
    top_p: float = 1.0
    stop: tuple[str, ...] = ()

    @property
    def greedy(self) -> bool:
        """Whether the most likely token is taken instead of a sampled one."""
        return self.temperature == 0.0


@dataclass(frozen=True)
class Rollout:
    """One sampled response to a query.

    ``tokens`` are the response's T token ids, its first end token or stop string included; ``logprobs`` the T
    log-probabilities of these tokens under the distribution they were drawn from; ``truncated`` says that no end came
    in time.
    """

    prompt: tuple[int, ...]
    tokens: tuple[int, ...]
    logprobs: tuple[float, ...]
    truncated: bool


@dataclass(frozen=True)
class EngineConfig:
    """Which engine samples, and with how much memory; the study's schema documents every key."""

    name: str = "transformers"
    rows: int = 256
    cache_gib: float = 2.0
    gpu_memory_utilization: float = 0.5
    sleep: int = 0

    @property
    def module(self) -> str:
        """Name of the engine's module: it is imported where the engine is used, and nowhere else."""
        return f"rftlab.rollouts.{self.name}_engine"


TRANSFORMERS = EngineConfig()


class Engine(Protocol):
    """What samples rollouts: the model itself, or a copy of its weights that ``sync`` brings up to date."""

    def sync(self, model: Any) -> None:
        """Use the weights of ``model`` from now on."""

    def generate(self, prompts: Sequence[Sequence[int]], sampling: Sampling, seeds: Sequence[int]) -> list[Rollout]:
        """Sample one rollout per prompt; rollout i is a function of prompt i, ``seeds[i]`` and the weights alone."""
