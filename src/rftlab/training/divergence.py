"""The round under way, and what is kept of it when the run diverges: which query it was."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from rftlab.advantages import Past, Round
from rftlab.data.queries import Query
from rftlab.files import write_text
from rftlab.rewards.scoring import Score
from rftlab.rewards.value import Paid
from rftlab.rollouts import Rollout
from rftlab.runfolder.log import DIVERGED
from rftlab.training.update import DivergedError

Floats = NDArray[np.float64]
Step = Callable[[torch.optim.Optimizer, Sequence[Rollout], Floats, Floats], object]


@dataclass
class CurrentRound:
    """A round as far as it has come: a query for each of its B·M rollouts, and what was made of them.

    ``per_query`` is M; ``trained_indices`` are those of the rollouts with an advantage and a weight in the loss.
    """

    queries: Sequence[Query]
    rollouts: Sequence[Rollout]
    per_query: int = 1
    judgements: Sequence[Score] = ()
    paid: Paid = field(default_factory=lambda: Paid({}))
    rewards: Sequence[float] = ()
    trained_indices: Sequence[int] = ()
    advantages_N: Floats = field(default_factory=lambda: np.zeros(0))
    weights_N: Floats = field(default_factory=lambda: np.zeros(0))

    @property
    def rewards_BM(self) -> Floats:
        """Rewards of all rollouts."""
        return np.array(self.rewards).reshape(-1, self.per_query)

    @property
    def truncated_BM(self) -> NDArray[np.bool_]:
        """Which rollouts hit the limit of tokens."""
        return np.array([rollout.truncated for rollout in self.rollouts]).reshape(-1, self.per_query)

    def scores(self, n: int, past: Past) -> Round:
        """The round as an advantage sees it: ``n`` trained rollouts of each query come first."""
        return Round(
            rewards_BM=self.rewards_BM,
            lengths_BM=np.array([len(rollout.tokens) for rollout in self.rollouts]).reshape(-1, self.per_query),
            n=n,
            queries=tuple(query.id for query in self.queries[:: self.per_query]),
            past=past,
        )

    def trained(self, n: int) -> list[int]:
        """Indices of the ``n`` trained rollouts of each query."""
        return [b + i for b in range(0, len(self.rollouts), self.per_query) for i in range(n)]

    def followed_by(self, other: CurrentRound) -> CurrentRound:
        """All its rollouts, and then all of the other."""
        return CurrentRound(
            [*self.queries, *other.queries],
            [*self.rollouts, *other.rollouts],
            self.per_query,
            [*self.judgements, *other.judgements],
            self.paid.followed_by(other.paid),
            [*self.rewards, *other.rewards],
        )

    def replaced(self, rows: Sequence[int] | NDArray[np.intp], other: CurrentRound) -> CurrentRound:
        """With the queries of ``other`` in place of those in ``rows``."""
        both = self.followed_by(other)
        indices_BM = np.arange(len(both.rollouts)).reshape(-1, self.per_query)
        kept_BM = indices_BM[: len(self.rollouts) // self.per_query].copy()
        kept_BM[rows] = indices_BM[len(kept_BM) :]
        kept = kept_BM.ravel().tolist()
        return CurrentRound(
            [both.queries[i] for i in kept],
            [both.rollouts[i] for i in kept],
            self.per_query,
            [both.judgements[i] for i in kept],
            rewards=[both.rewards[i] for i in kept],
        )

    def broken_indices(self, step: Step, policy: torch.nn.Module) -> list[int]:
        """Indices of rollouts that are not finite: in sampled log-probabilities; else in their own loss or gradient.

        ``step`` is the update that failed, here on one rollout at a time and without a step.
        """
        if indices := [i for i, rollout in enumerate(self.rollouts) if not np.isfinite(rollout.logprobs).all()]:
            return indices
        optimizer = torch.optim.SGD(policy.parameters(), lr=0.0)  # one that moves nothing
        for k, i in enumerate(self.trained_indices):
            try:
                step(optimizer, [self.rollouts[i]], self.advantages_N[k : k + 1], self.weights_N[k : k + 1])
            except DivergedError:
                indices.append(i)
        return indices

    def explain(self, folder: Path, number: int, error: DivergedError, broken_indices: Sequence[int]) -> str:
        """Write ``diverged.jsonl``, one line a rollout; return the reason that the run's manifest gives."""
        advantages = dict(zip(self.trained_indices, self.advantages_N.tolist(), strict=True))
        rows = []
        for i, (query, rollout) in enumerate(zip(self.queries, self.rollouts, strict=True)):
            row = {
                "round": number,
                "query": query.id,
                "text": query.query,
                "answer": query.answer,
                "broken": i in broken_indices,
                "correct": self.judgements[i].correct if self.judgements else None,
                "extracted": self.judgements[i].extracted if self.judgements else None,
                "reward": _number(self.rewards[i]) if self.rewards else None,
                "advantage": _number(advantages.get(i)),
                "truncated": rollout.truncated,
                "prompt_tokens": list(rollout.prompt),
                "tokens": list(rollout.tokens),
                "logprobs": [_number(logprob) for logprob in rollout.logprobs],
            }
            rows.append(json.dumps(row, allow_nan=False, ensure_ascii=False) + "\n")
        write_text(folder / DIVERGED, "".join(rows))
        names = list(dict.fromkeys(self.queries[i].id for i in broken_indices))
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        return f"round {number}{f', query {names[0]}{more}' if names else ''}: {error}"


def _number(value: float | None) -> float | str | None:
    """JSON has no NaN: what is not finite is text."""
    return value if value is None or math.isfinite(value) else str(value)
