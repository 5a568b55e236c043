"""The evaluation: outcomes, query by query, of every checkpoint of a run on every evaluation set of a suite.

Stage: ``python -m rftlab.evaluate --config JSON --run DIR --output FILE`` (a run's checkpoints) or
``--model DIR`` (a base model, round 0). One row per checkpoint, evaluation set, query and sample.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from transformers import PreTrainedTokenizerBase

from rftlab.data.queries import Query, read_queries
from rftlab.errors import one_line_errors
from rftlab.levels import load
from rftlab.models import PolicyDirectory
from rftlab.prompts import PromptConfig, encode, responses
from rftlab.randomness import rollout_seed
from rftlab.rollouts import Engine, EngineConfig, Sampling
from rftlab.runlog import read_json


@dataclass(frozen=True)
class EvaluationConfig:
    """What is asked of every checkpoint; ``samples`` are drawn at the base model and the last checkpoint only."""

    max_new_tokens: int
    samples: int
    temperature: float
    top_p: float
    seed: int

    @property
    def greedy(self) -> Sampling:
        """Greedy decoding."""
        return Sampling(self.max_new_tokens, temperature=0.0)

    @property
    def sampled(self) -> Sampling:
        """Sampling as the study asks."""
        return Sampling(self.max_new_tokens, self.temperature, self.top_p)


@dataclass(frozen=True)
class EvaluationSet:
    """A named set of queries and the verifier of its answers."""

    name: str
    queries: list[Query]
    verifier: str

    @classmethod
    def read(cls, name: str, config: Mapping[str, Any]) -> EvaluationSet:
        """From its file; a ``limit`` takes the first queries."""
        return cls(name, read_queries(Path(config["path"]))[: config["limit"]], config["verifier"])


@one_line_errors
def main(argv: list[str] | None = None) -> None:
    """Evaluate the checkpoints of one run, or one base model, on the evaluation sets of one suite."""
    parser = argparse.ArgumentParser(prog="python -m rftlab.evaluate")
    parser.add_argument("--config", required=True, type=json.loads)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--run", type=Path, help="folder of a run")
    which.add_argument("--model", type=Path, help="folder of a base model")
    parser.add_argument("--output", required=True, type=Path)
    arguments = parser.parse_args(argv)
    config = arguments.config
    sets = [EvaluationSet.read(name, entry) for name, entry in config["sets"].items()]
    asked, prompt = EvaluationConfig(**config["evaluation"]), PromptConfig(**config["prompt"])
    found = checkpoints(arguments.run, arguments.model)
    rows = evaluate(found, sets, prompt, asked, EngineConfig(**config["engine"]))
    write_rows(arguments.output, ({**config["labels"], **row} for row in rows))


def checkpoints(run: Path | None, model: Path | None) -> Iterator[tuple[int, Path, bool]]:
    """Round, directory and whether samples are drawn, of each checkpoint of a run or of a base model."""
    if run is None:
        assert model is not None
        yield 0, model, True
        return
    entries = read_json(run / "checkpoints.json")["checkpoints"]
    for entry in entries:
        yield entry["round"], run / entry["path"], entry is entries[-1]


def evaluate(
    found: Iterable[tuple[int, Path, bool]],
    sets: Sequence[EvaluationSet],
    prompt: PromptConfig,
    asked: EvaluationConfig,
    config: EngineConfig,
) -> Iterator[dict[str, Any]]:
    """Outcomes of checkpoints, one row per checkpoint, evaluation set, query and sample; one engine takes them all."""
    engine: Engine | None = None
    for round_number, folder, sampled in found:
        policy = PolicyDirectory(folder)
        model, tokenizer = policy.model(frozen=True), policy.tokenizer()
        if engine is None:
            engine = policy.engine(model, tokenizer, config)
        else:
            engine.sync(model)
        for evaluation_set in sets:
            for decoding, count in (("greedy", 1), ("sampled", asked.samples if sampled else 0)):
                sampling = asked.greedy if decoding == "greedy" else asked.sampled
                outcomes = answer(engine, tokenizer, evaluation_set, prompt, sampling, count, asked.seed)
                for outcome in outcomes:
                    yield {
                        "round": round_number,
                        "evaluation_set": evaluation_set.name,
                        "decoding": decoding,
                        **outcome,
                    }


def answer(
    engine: Engine,
    tokenizer: PreTrainedTokenizerBase,
    evaluation_set: EvaluationSet,
    prompt: PromptConfig,
    sampling: Sampling,
    samples: int,
    seed: int,
) -> list[dict[str, Any]]:
    """Sample and verify ``samples`` responses to every query; evaluation has its own stream of seeds."""
    asked = [(query, sample) for query in evaluation_set.queries for sample in range(samples)]
    prompts = {query.id: encode(tokenizer, prompt, query.query) for query in evaluation_set.queries}
    seeds = [rollout_seed("evaluate", seed, query.id, 0, sample) for query, sample in asked]
    rollouts = engine.generate([prompts[query.id] for query, _ in asked], sampling, seeds)
    texts = responses(tokenizer, rollouts)
    verify = load("rewards", evaluation_set.verifier)
    outcomes = []
    for (query, sample), rollout, text in zip(asked, rollouts, texts, strict=True):
        verdict = verify(text, query.answer)
        outcomes.append(
            {
                "sample": sample,
                "query": query.id,
                "correct": verdict.correct,
                "extracted": verdict.extracted,
                "completion": text,
                "tokens": len(rollout.tokens),
                "truncated": rollout.truncated,
            }
        )
    return outcomes


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
    evaluation_set = EvaluationSet("", queries, verifier)
    outcomes = answer(engine, tokenizer, evaluation_set, PromptConfig(), sampling, 1, seed)
    return float(np.mean([outcome["correct"] for outcome in outcomes]))


def write_rows(path: Path, rows: Iterator[dict[str, Any]]) -> None:
    """Write outcomes as Parquet, whole or not at all."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {
        "model": pa.string(),
        "dataset": pa.string(),
        "variant": pa.string(),
        "seed": pa.int64(),
        "round": pa.int64(),
        "evaluation_set": pa.string(),
        "decoding": pa.string(),
        "sample": pa.int64(),
        "query": pa.string(),
        "correct": pa.bool_(),
        "extracted": pa.string(),
        "completion": pa.string(),
        "tokens": pa.int64(),
        "truncated": pa.bool_(),
    }
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(list(rows), schema=pa.schema(list(columns.items()))), temporary)
    temporary.replace(path)


if __name__ == "__main__":
    main()
