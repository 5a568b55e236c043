"""Queries whose rewards are all equal tell no rollout from another: they are drawn anew, or left out of the loss.

Rewards count, of all M = n + m rollouts of a query, not advantages: a level may well learn from such a query (`raw`
from four successes), and is then told apart from one that may not. At M = 1 every query would be one, so that a study
that asks for either with a single rollout is refused.

**Drawn anew** (`rollout.redraws`, dynamic sampling): such a query is replaced by another, sampled with the same
weights, up to so many times; what is left then stays in the round, and is counted. Replacements come from a stream of
their own, shuffled for that round, under a curriculum too: rounds of all variants begin with the same queries, and a
run that goes on needs nothing but the number of its round. Every rollout counts in the budget. Metrics of rewards and
responses are of the queries first drawn, which nobody has chosen; levels that look at the past remember those that were
trained on.
Frameworks draw on from the data instead, whole batches at a time of which they use a part, and fail at their cap.

**Left out** (`objective.drop_equal_rewards`): it has no weight, and its tokens are in no denominator of the
aggregation. Advantages that look at the whole round still see its rewards. A round of which nothing is left takes the
step of zero gradients.
Source: DAPO (arXiv 2503.14476), whose filter is of groups that are all right or all wrong; verl's, of zero variance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rftlab.advantages import Floats, Round
from rftlab.runfolder.read import read_lines
from rftlab.training.divergence import CurrentRound

LEFT = "equal_queries"  # metric: queries with equal rewards that are left in a round when its redraws are spent
Draw = Callable[[int, int], CurrentRound]


def equal(rewards_BM: Floats) -> NDArray[np.bool_]:
    """Which queries have rewards that are all equal."""
    return np.asarray((rewards_BM == rewards_BM[:, :1]).all(axis=1))


def redrawn(first: CurrentRound, redraws: int, draw: Draw) -> tuple[CurrentRound, CurrentRound]:
    """The round to train on, and all that was sampled for it, the queries first drawn first.

    Args:
        first: the round as it was drawn.
        redraws: how often, at most, what is equal is replaced.
        draw: the ``count`` replacements from number ``start`` of this round on, sampled and scored.
    """
    current, sampled, drawn = first, first, 0
    for _ in range(redraws):
        rows = np.flatnonzero(equal(current.rewards_BM))
        if not len(rows):
            break
        more = draw(drawn, len(rows))
        current, sampled, drawn = current.replaced(rows, more), sampled.followed_by(more), drawn + len(rows)
    return current, sampled


def counts(current: CurrentRound, sampled: CurrentRound, redraws: int) -> dict[str, int]:
    """Metrics of a round that may draw anew: queries drawn beyond the first, and those left with equal rewards."""
    if not redraws:
        return {}
    return {
        "redrawn_queries": len(sampled.rewards_BM) - len(current.rewards_BM),
        LEFT: int(equal(current.rewards_BM).sum()),
    }


def cap_reached(metrics: Path, redraws: int) -> Sequence[str]:
    """A line where rounds of a run have spent all their redraws and still had equal rewards."""
    if not redraws:
        return []
    left = [row[LEFT] for row in read_lines(metrics)]
    if not any(left):
        return []
    rounds = f"{sum(map(bool, left))} of {len(left)} rounds"
    return [f"rollout.redraws: in {rounds} the cap of {redraws} left {sum(left)} queries of equal rewards in all"]


def weights(
    scores: Round, *, aggregate: Callable[[NDArray[np.int64], int], Floats], limit: int, drop_equal: bool
) -> Floats:
    """weights_Bn of the aggregation; with ``drop_equal`` those of the queries whose rewards differ, 0 for the others.

    Args:
        scores: of the round.
        aggregate: weights of tokens from lengths, a level.
        limit: longest response allowed, in tokens.
        drop_equal: whether queries of equal rewards are left out.
    """
    kept_B = ~equal(scores.rewards_BM) if drop_equal else np.full(len(scores.queries), True)
    weights_Bn = np.zeros((len(kept_B), scores.n))
    if kept_B.any():
        weights_Bn[kept_B] = aggregate(scores.lengths_BM[kept_B, : scores.n], limit)
    return weights_Bn
