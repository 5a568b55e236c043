"""Greedy responses of a round, for an advantage that compares rollouts with them; no other run samples any."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from transformers import PreTrainedTokenizerBase

from rftlab.advantages import Round
from rftlab.data.queries import Query
from rftlab.rewards.scoring import Scorer
from rftlab.rewards.terms import Record, Scored
from rftlab.rewards.value import Reward
from rftlab.rollouts import Engine, Rollout, Sampling
from rftlab.rollouts.engine import responses

GREEDY = -1  # in the place of a rollout's occurrence, for a reward that is a coin


@dataclass(frozen=True)
class GreedyResponses:
    """One greedy response to each query of a round, scored like a rollout.

    Args:
        engine: that has sampled the round, with the weights it had then.
        tokenizer: of the policy.
        scorer: asks the verifier.
        reward: of a response.
        sampling: of the rollouts; greedy responses have its length and its stops.
        queries: id → query and prompt.
        random_seed: of the run, for a reward that is a coin.
    """

    engine: Engine
    tokenizer: PreTrainedTokenizerBase
    scorer: Scorer
    reward: Reward
    sampling: Sampling
    queries: Mapping[str, tuple[Query, list[int]]]
    random_seed: int

    def __call__(self, scores: Round, number: int) -> tuple[Round, list[Rollout]]:
        """A round with ``greedy_B``, and the responses it was read from, one a row."""
        greedy = replace(self.sampling, temperature=0.0, top_p=1.0)
        asked = [self.queries[query] for query in scores.queries]
        rollouts = self.engine.generate([prompt for _, prompt in asked], greedy, [0] * len(asked))
        texts = responses(self.tokenizer, rollouts)
        judgements = self.scorer.score(texts, [query.answer for query, _ in asked])
        records = [
            Record(
                query.query,
                query.answer,
                query.metadata,
                text,
                len(rollout.tokens),
                rollout.truncated,
                judgement,
                (self.random_seed, query.id, GREEDY, number),
            )
            for (query, _), text, rollout, judgement in zip(asked, texts, rollouts, judgements, strict=True)
        ]
        paid = self.reward(Scored(records, self.sampling.max_new_tokens, 1, self.random_seed))
        return replace(scores, greedy_B=paid.rewards_N), rollouts


def no_greedy_responses(scores: Round, number: int) -> tuple[Round, list[Rollout]]:  # noqa: ARG001
    """The round as it is."""
    return scores, []
