"""Scoring: every caller's rollouts become the same records, judgements and rewards."""

from __future__ import annotations

from rftlab.data.queries import Query
from rftlab.rewards.scoring import Scorer
from rftlab.rewards.terms import Scored
from rftlab.rewards.value import Reward
from rftlab.rollouts import Rollout
from rftlab.training.scored import Scoring
from training import TOKENIZER

OUTCOME = {"name": "outcome", "correct": 1.0, "incorrect": 0.0}


def test_rollouts_become_records_judgements_and_rewards() -> None:
    seen: list[Scored] = []
    reward = Reward(OUTCOME)

    def spy(scored: Scored) -> object:
        seen.append(scored)
        return reward(scored)

    queries = [Query("a", "1+1=", "2"), Query("a", "1+1=", "2")]
    texts = ["#2", "#33"]
    rollouts = [
        Rollout((1,), tuple(TOKENIZER(text).input_ids), (-1.0,) * len(text), truncated=len(text) == 3) for text in texts
    ]
    keys = [(7, "a", 0, 0), (7, "a", 0, 1)]
    scoring = Scoring(TOKENIZER, Scorer("marked"), spy, 3, 11)  # type: ignore[arg-type]
    judgements, paid = scoring(queries, rollouts, keys, 2)
    assert [judgement.correct for judgement in judgements] == [True, False]
    assert paid.rewards_N.tolist() == [1.0, 0.0]
    (scored,) = seen
    assert (scored.limit, scored.per_query, scored.seed) == (3, 2, 11)
    assert [(r.completion, r.tokens, r.truncated, r.key) for r in scored.records] == [
        ("#2", 2, False, keys[0]),
        ("#33", 3, True, keys[1]),
    ]
    assert [r.score for r in scored.records] == judgements
