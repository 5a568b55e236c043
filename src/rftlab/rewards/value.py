"""From a judgement to the reward's value."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass

from rftlab.rewards import Judgement

NAMES = ("outcome", "random")


@dataclass(frozen=True)
class RewardConfig:
    """The reward's settings: ``outcome`` pays for correctness; ``random``, a control, pays with ``probability``."""

    name: str = "outcome"
    correct: float = 1.0
    incorrect: float = 0.0
    probability: float = 0.5

    def __post_init__(self) -> None:
        """Refuse what is no reward, naming the key."""
        if self.name not in NAMES:
            raise ValueError(f"reward.name: one of {', '.join(NAMES)} is needed, not {self.name!r}")
        for key in ("correct", "incorrect", "probability"):
            value = getattr(self, key)
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise ValueError(f"reward.{key}: a finite number is needed, not {value!r}")
        if not 0 <= self.probability <= 1:
            raise ValueError(f"reward.probability: a number from 0 to 1 is needed, not {self.probability!r}")


def reward(judgement: Judgement, config: RewardConfig, key: tuple[int | str, ...]) -> float:
    """Return r = ``correct`` or ``incorrect``: by the judgement, or by a coin that ignores it.

    The coin of ``random`` is Bernoulli(``probability``), a stable hash of ``key`` (seed, query id, occurrence, rollout
    index), so that it depends neither on the completion nor on the order of scoring.
    """
    success = judgement.correct if config.name == "outcome" else _uniform(key) < config.probability
    return float(config.correct if success else config.incorrect)


def _uniform(key: tuple[int | str, ...]) -> float:
    # 53 bits: exactly representable, hence always below 1, so that probability 1 always pays
    digest = hashlib.sha256(b"reward\0" + json.dumps(key).encode()).digest()
    return (int.from_bytes(digest[:8], "big") >> 11) / 2**53
