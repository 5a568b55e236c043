"""Which optimizer a run has, and the learning rate of each of its rounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any

import torch

from rftlab.levels import load


@dataclass(frozen=True)
class OptimizerConfig:
    """An optimizer by name, and its learning rate; ``max_gradient_norm`` clips the norm of the whole gradient.

    ``parameters`` are those of the optimizer's own file; ``warmup`` counts rounds.
    """

    lr: float
    max_gradient_norm: float
    parameters: Mapping[str, Any]
    name: str = "adamw"
    schedule: Mapping[str, Any] = field(default_factory=lambda: {"name": "constant"})
    warmup: int = 0

    @classmethod
    def read(cls, config: Mapping[str, Any]) -> OptimizerConfig:
        """From the section of a ``run.json``, where an optimizer's own parameters stand beside the keys of all."""
        common = {one.name for one in fields(cls)} - {"parameters"}
        return cls(
            **{key: value for key, value in config.items() if key in common},
            parameters={key: value for key, value in config.items() if key not in common},
        )

    def build(self, policy: torch.nn.Module) -> torch.optim.Optimizer:
        """An optimizer of a policy's trained weights."""
        made: torch.optim.Optimizer = load("optimizers", self.name)(policy, self.lr, **self.parameters)
        return made

    def rate(self, number: int, rounds: int | None) -> float:
        """The learning rate of a round, the first being 1: lr · number/warmup while it warms up, then by the schedule.

        Args:
            number: of the round.
            rounds: of the run, None where its budget is in tokens; only a schedule for the whole run needs it.
        """
        if number <= self.warmup:
            return self.lr * number / self.warmup
        progress = 0.0 if rounds is None else (number - self.warmup - 1) / (rounds - self.warmup)
        own = {key: value for key, value in self.schedule.items() if key != "name"}
        return self.lr * float(partial(load("optimizers.schedule", self.schedule["name"]), **own)(progress))

    def set_rate(self, optimizer: torch.optim.Optimizer, number: int, rounds: int | None) -> None:
        """Give an optimizer the learning rate of a round."""
        for group in optimizer.param_groups:
            group["lr"] = self.rate(number, rounds)
