"""From rollouts to what a verifier says of them and what they are paid, in a round, in greedy responses, in a probe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from transformers import PreTrainedTokenizerBase

from rftlab.data.queries import Query
from rftlab.rewards.scoring import Score, Scorer
from rftlab.rewards.terms import Key, Record, Scored
from rftlab.rewards.value import Paid, Reward
from rftlab.rollouts import Rollout
from rftlab.rollouts.engine import responses


@dataclass(frozen=True)
class Scoring:
    """How a run scores rollouts.

    Args:
        tokenizer: of the policy.
        scorer: asks the verifier.
        reward: of what it says.
        limit: longest response allowed, in tokens.
        random_seed: of the run.
    """

    tokenizer: PreTrainedTokenizerBase
    scorer: Scorer
    reward: Reward
    limit: int
    random_seed: int

    def __call__(
        self, queries: Sequence[Query], rollouts: Sequence[Rollout], keys: Sequence[Key], per_query: int
    ) -> tuple[list[Score], Paid]:
        """Judgements and rewards of rollouts, ``per_query`` of a query side by side.

        Args:
            queries: of each rollout.
            rollouts: N of them.
            keys: what each was drawn by.
            per_query: M.

        Raises:
            BadInputError: the reward cannot be had.
        """
        texts = responses(self.tokenizer, rollouts)
        judgements = self.scorer.score(texts, [query.answer for query in queries])
        records = [
            Record(q.query, q.answer, q.metadata, text, len(r.tokens), r.truncated, judgement, key)
            for q, text, r, judgement, key in zip(queries, texts, rollouts, judgements, keys, strict=True)
        ]
        return judgements, self.reward(Scored(records, self.limit, per_query, self.random_seed))
