"""Greedy responses of a round, for an advantage that compares rollouts with them; no other run samples any."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from rftlab.advantages import Round
from rftlab.data.queries import Query
from rftlab.rollouts import Engine, Rollout, Sampling
from rftlab.training.scored import Scoring

GREEDY = -1  # in the place of a rollout's occurrence, for a reward that is a coin


@dataclass(frozen=True)
class GreedyResponses:
    """One greedy response to each query of a round, scored like a rollout.

    Args:
        engine: that has sampled the round, with the weights it had then.
        scoring: of rollouts.
        sampling: of the rollouts; greedy responses have its length and its stops.
        queries: id → query and prompt.
    """

    engine: Engine
    scoring: Scoring
    sampling: Sampling
    queries: Mapping[str, tuple[Query, list[int]]]

    def __call__(self, scores: Round, number: int) -> tuple[Round, list[Rollout]]:
        """A round with ``greedy_B``, and the responses it was read from, one a row."""
        greedy = replace(self.sampling, temperature=0.0, top_p=1.0)
        asked = [self.queries[query] for query in scores.queries]
        rollouts = self.engine.generate([prompt for _, prompt in asked], greedy, [0] * len(asked))
        keys = [(self.scoring.random_seed, query, GREEDY, number) for query in scores.queries]
        _, paid = self.scoring([query for query, _ in asked], rollouts, keys, 1)
        return replace(scores, greedy_B=paid.rewards_N), rollouts


def no_greedy_responses(scores: Round, number: int) -> tuple[Round, list[Rollout]]:  # noqa: ARG001
    """The round as it is."""
    return scores, []
