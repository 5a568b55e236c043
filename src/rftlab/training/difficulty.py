"""How often the base model solves each query, and what a run makes of it: which queries it trains on, in which order.

Before its first round a run samples `rollout.difficulty.rollouts` of every query from its policy as it begins, the base
model, and scores them; a query's rate is the share that is correct. Seeds come from a stream of their own, so that
training samples what it would without. What this costs counts in the run's rollouts and tokens, and the rates are part
of every saved state: they are measured once.

**By difficulty**: only queries with a rate from `low` to `high` are trained on. **Curriculum** (`rollout.order:
easy_first`): each epoch goes from the easiest query to the hardest instead of being shuffled; queries of one rate are
shuffled anew in each.
Source: the offline filters of DeepScaleR and Skywork-OR1 (arXiv 2505.22312), which drop what is always or never solved.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from rftlab.errors import BadInputError
from rftlab.randomness import Draw, stable_hash
from rftlab.training.divergence import CurrentRound

PART = 64  # queries sampled at a time
Draws = Sequence[tuple[int, int]]


@dataclass(frozen=True)
class DifficultyConfig:
    """Rollouts per query of the measurement, 0: none, and the rates of the queries that are trained on."""

    rollouts: int = 0
    low: float = 0.0
    high: float = 1.0


def measured(
    count: int, rollouts: int, sample: Callable[[Draws, int], CurrentRound]
) -> tuple[list[float], dict[str, int]]:
    """Success rates of ``count`` queries from so many rollouts of each, and the rollouts and tokens that it took."""
    rates: list[float] = []
    spent = {"rollouts": 0, "tokens": 0}
    for first in range(0, count if rollouts else 0, PART):
        part = sample([(q, 0) for q in range(first, min(first + PART, count))], rollouts)
        correct = np.array([judgement.correct for judgement in part.judgements], dtype=np.float64)
        rates += correct.reshape(-1, rollouts).mean(axis=1).tolist()
        spent["rollouts"] += len(part.rollouts)
        spent["tokens"] += sum(len(rollout.tokens) for rollout in part.rollouts)
    return rates, spent


def within(rates: Mapping[str, float], config: DifficultyConfig) -> list[str]:
    """Ids of the queries whose rate is from ``low`` to ``high``.

    Raises:
        BadInputError: there are none.
    """
    kept = [query for query, rate in rates.items() if config.low <= rate <= config.high]
    if not kept:
        raise BadInputError(
            f"rollout.difficulty: the base model solves no query at a rate from {config.low:g} to {config.high:g}; "
            f"its rates are from {min(rates.values()):g} to {max(rates.values()):g}"
        )
    return kept


def easy_first(rates: Mapping[str, float]) -> Draw:
    """What draws queries from the easiest to the hardest, epoch by epoch; see :func:`rftlab.randomness.draw`."""
    return partial(_draw_easy_first, dict(rates))


def _draw_easy_first(
    rates: Mapping[str, float], random_seed: int, ids: Sequence[str], start: int, count: int
) -> list[tuple[int, int]]:
    drawn: list[tuple[int, int]] = []
    while len(drawn) < count:
        occurrence, offset = divmod(start + len(drawn), len(ids))
        keys = {
            i: (-rates[ids[i]], stable_hash("order", random_seed, occurrence, ids[i]), ids[i]) for i in range(len(ids))
        }
        drawn += [(i, occurrence) for i in sorted(keys, key=keys.__getitem__)[offset : offset + count - len(drawn)]]
    return drawn
