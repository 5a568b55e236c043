"""What a rollout is paid: the sum of a study's terms, each a file of ``rewards/terms/``, or of the user's own file."""

from __future__ import annotations

import collections
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from rftlab import levels
from rftlab.errors import BadInputError
from rftlab.rewards.declared import TERMS
from rftlab.rewards.reward_file import RewardFile
from rftlab.rewards.terms import Floats, Scored

Term = Callable[[Scored], Floats]


@dataclass(frozen=True)
class Paid:
    """What each of N rollouts is paid, by part; ``failures`` says of each why it could not be scored, or is None.

    ``named``: the parts are worth a line each in ``metrics.jsonl``.
    """

    parts: Mapping[str, Floats]
    failures: Sequence[str | None] = ()
    named: bool = field(default=True)

    @property
    def rewards_N(self) -> Floats:
        """Their sum: the reward."""
        first, *others = self.parts.values()
        return sum(others, start=first)

    def followed_by(self, other: Paid) -> Paid:
        """What these rollouts are paid, and then what others are; a part that one has not is 0 there."""
        counts = [len(next(iter(paid.parts.values()))) for paid in (self, other)]
        parts = {
            name: np.concatenate(
                [paid.parts.get(name, np.zeros(count)) for paid, count in zip((self, other), counts, strict=True)]
            )
            for name in {**self.parts, **other.parts}
        }
        return Paid(parts, [*self.failures, *other.failures], self.named)

    def metrics(self, trained_indices: Sequence[int]) -> dict[str, Any]:
        """``reward_of_<part>``, the mean of each part over the rollouts that are trained on; nothing for a part alone.

        ``reward_failures`` counts all rollouts that a file could not score, ``reward_failures_<reason>`` those of a
        reason that occurred.
        """
        chosen = list(trained_indices)
        means = {f"reward_of_{name}": float(values_N[chosen].mean()) for name, values_N in self.parts.items()}
        if not self.failures:
            return means if self.named else {}
        counted = collections.Counter(reason for reason in self.failures if reason)
        by_reason = {f"reward_failures_{reason}": counted[reason] for reason in sorted(counted)}
        return {**means, "reward_failures": counted.total(), **by_reason}


class Reward:
    """r_i = Σ_k weight_k·v_ik over the terms of a run's ``reward``: ``name``, or ``file``, and those of ``terms``.

    Args:
        config: the run's section ``reward``.
        least: what the advantage needs rewards to be; planning has made sure of it where there is no file.

    Raises:
        BadInputError: the file is not there, or is not the one that was planned with.
    """

    def __init__(self, config: Mapping[str, Any], least: float = -math.inf) -> None:
        self.least = least
        self.file = RewardFile(config["file"], config["sha256"], config["parameters"]) if "file" in config else None
        self.terms: dict[str, Term] = {} if self.file else {config["name"]: payer(config)}
        for name, entry in config.get("terms", {}).items():
            parameters = {key: value for key, value in entry.items() if key != "weight"}
            self.terms[name] = partial(weighted, entry["weight"], partial(levels.load(TERMS, name), **parameters))

    def __call__(self, scored: Scored) -> Paid:
        """Parts of the reward of every rollout.

        Raises:
            BadInputError: the file raises, returns what are no rewards, a part of a term's name or less than ``least``,
                or can score nothing.
        """
        parts = {name: term(scored) for name, term in self.terms.items()}
        if self.file is None:
            return Paid(parts, named=len(parts) > 1)
        own, failures = self.file(scored)
        for name in own:
            if name in parts:
                raise BadInputError(f"{self.file.path}: reward() returns a part {name!r}, which is a term's name")
        paid = Paid({**own, **parts}, failures)
        if (lowest := paid.rewards_N.min()) < self.least:
            raise BadInputError(
                f"{self.file.path}: a reward of {lowest:g}, and the advantage needs rewards ≥ {self.least:g}"
            )
        return paid


def payer(config: Mapping[str, Any]) -> Term:
    """The term that ``reward.name`` names, paying what the section says, as far as it has such parameters."""
    parameters = levels.read(TERMS, config["name"]).parameters
    return partial(levels.load(TERMS, config["name"]), **{key: config[key] for key in parameters})


def weighted(weight: float, term: Term, scored: Scored) -> Floats:
    """Return weight·v, in float64."""
    return np.float64(weight) * term(scored)
