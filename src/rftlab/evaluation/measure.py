"""What a model answers to the queries of an evaluation set, and whether that is correct."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from transformers import PreTrainedTokenizerBase

from rftlab.data.queries import Query, read_queries
from rftlab.evaluation.outcomes import Outcome
from rftlab.policies.prompts import PromptConfig, encode
from rftlab.randomness import rollout_seed
from rftlab.rewards.scoring import Scorer
from rftlab.rollouts import Engine, Sampling
from rftlab.rollouts.engine import responses


@dataclass(frozen=True)
class QuerySet:
    """A named set of queries and the verifier of its answers; ``prompts`` are the queries' token ids, once encoded."""

    name: str
    queries: list[Query]
    verifier: str
    prompts: Sequence[Sequence[int]] = ()

    @classmethod
    def read(cls, name: str, config: Mapping[str, Any]) -> QuerySet:
        """From its file; a ``limit`` takes the first queries."""
        return cls(name, read_queries(Path(config["path"]))[: config["limit"]], config["verifier"])


def answer(
    engine: Engine,
    tokenizer: PreTrainedTokenizerBase,
    evaluation_set: QuerySet,
    sampling: Sampling,
    samples: int,
    seed: int,
) -> list[Outcome]:
    """Sample and verify ``samples`` responses to every query; evaluation has its own stream of seeds."""
    requests = [(query, sample) for query in evaluation_set.queries for sample in range(samples)]
    prompts = [prompt for prompt in evaluation_set.prompts for _ in range(samples)]
    seeds = [rollout_seed("evaluate", seed, query.id, 0, sample) for query, sample in requests]
    rollouts = engine.generate(prompts, sampling, seeds)
    texts = responses(tokenizer, rollouts)
    scores = Scorer(evaluation_set.verifier).score(texts, [query.answer for query, _ in requests])
    return [
        Outcome(
            sample=sample,
            query=query.id,
            correct=score.correct,
            strict=score.strict,
            flexible=score.flexible,
            formatted=score.formatted,
            failure=score.failure,
            extracted=score.extracted,
            completion=text,
            tokens=len(rollout.tokens),
            truncated=rollout.truncated,
        )
        for (query, sample), rollout, text, score in zip(requests, rollouts, texts, scores, strict=True)
    ]


def accuracy(
    engine: Engine,
    tokenizer: PreTrainedTokenizerBase,
    queries: list[Query],
    verifier: str,
    sampling: Sampling,
    *,
    seed: int,
) -> float:
    """Share of queries answered correctly, one response each."""
    prompts = [encode(tokenizer, PromptConfig(), query.query) for query in queries]
    outcomes = answer(engine, tokenizer, QuerySet("", queries, verifier, prompts), sampling, 1, seed)
    return float(np.mean([outcome.correct for outcome in outcomes]))
