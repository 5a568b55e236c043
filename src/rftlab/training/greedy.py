"""Greedy responses of a round, for an advantage that compares rollouts with them; no other run samples any."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from transformers import PreTrainedTokenizerBase

from rftlab.advantages import Round
from rftlab.rewards.scoring import Scorer
from rftlab.rewards.value import RewardConfig, reward
from rftlab.rollouts import Engine, Rollout, Sampling
from rftlab.rollouts.engine import responses


@dataclass(frozen=True)
class GreedyResponses:
    """One greedy response to each query of a round, scored like a rollout.

    Args:
        engine: that has sampled the round, with the weights it had then.
        tokenizer: of the policy.
        scorer: asks the verifier.
        reward: of a response.
        sampling: of the rollouts; greedy responses have its length and its stops.
        queries: id → prompt and answer.
        random_seed: of the run, for a reward that is a coin.
    """

    engine: Engine
    tokenizer: PreTrainedTokenizerBase
    scorer: Scorer
    reward: RewardConfig
    sampling: Sampling
    queries: Mapping[str, tuple[list[int], str]]
    random_seed: int

    def __call__(self, scores: Round, number: int) -> tuple[Round, list[Rollout]]:
        """A round with ``greedy_B``, and the responses it was read from, one a row."""
        greedy = replace(self.sampling, temperature=0.0, top_p=1.0)
        asked = [self.queries[query] for query in scores.queries]
        rollouts = self.engine.generate([prompt for prompt, _ in asked], greedy, [0] * len(asked))
        judgements = self.scorer.score(responses(self.tokenizer, rollouts), [answer for _, answer in asked])
        rewards = [
            reward(judgement, self.reward, (self.random_seed, query, "greedy", number))
            for query, judgement in zip(scores.queries, judgements, strict=True)
        ]
        return replace(scores, greedy_B=np.array(rewards)), rollouts


def no_greedy_responses(scores: Round, number: int) -> tuple[Round, list[Rollout]]:  # noqa: ARG001
    """The round as it is."""
    return scores, []
