"""What both sides of the benchmark do, and how a worker is asked for it: JSON lines on standard input and output."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Work:
    """One cell: a round of B queries with n rollouts each, one optimizer step.

    Attributes:
        name: as the table has it.
        model: directory of the model, in float32.
        prompts: texts to draw from, B a round.
        queries: B.
        rollouts: n.
        new_tokens: T, tokens of every response where ``forced``, of the longest otherwise.
        forced: no response ends before T tokens.
        successes: rollouts of a round whose reward is 1; the others' is 0.
        advantage: ``raw``, or ``group_norm`` with one success in every group, so that every rollout counts.
        threads: of each worker.
    """

    name: str
    model: str
    prompts: tuple[str, ...]
    queries: int
    rollouts: int
    new_tokens: int
    forced: bool
    successes: int
    advantage: str
    threads: int

    def rewards(self) -> list[float]:
        """Rewards of a round's rollouts, rollouts of a query together: successes go to as many queries as there are."""
        order = [b * self.rollouts + i for i in range(self.rollouts) for b in range(self.queries)]
        paid = set(order[: self.successes])
        return [float(i in paid) for i in range(self.queries * self.rollouts)]

    def batch(self, round_number: int) -> list[str]:
        """Prompts of one round."""
        first = round_number * self.queries
        return [self.prompts[(first + i) % len(self.prompts)] for i in range(self.queries)]

    def dump(self) -> str:
        """As one line."""
        return json.dumps(asdict(self))

    @classmethod
    def load(cls, line: str) -> Work:
        """From that line."""
        values = json.loads(line)
        return cls(**{**values, "prompts": tuple(values["prompts"])})


def requests() -> Iterator[dict[str, Any]]:
    """What the benchmark asks of this worker, until it closes the pipe."""
    for line in sys.stdin:
        yield json.loads(line)


def answering() -> Callable[[dict[str, Any]], None]:
    """How to answer; from here on, whatever a library prints goes to standard error."""
    output, sys.stdout = sys.stdout, sys.stderr

    def answer(content: dict[str, Any]) -> None:
        print(json.dumps(content), file=output, flush=True)

    return answer
