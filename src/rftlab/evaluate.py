"""The evaluation: outcomes, query by query, of every checkpoint of a run on every evaluation set of a suite.

Stage: ``python -m rftlab.evaluate --config JSON --run DIR --output FILE`` (a run's checkpoints) or
``--model DIR`` (a base model, round 0). One row per checkpoint, evaluation set, query and sample.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from transformers import AutoConfig, PreTrainedTokenizerBase

from rftlab.data.queries import Query, read_queries
from rftlab.device import prepare
from rftlab.errors import one_line_errors
from rftlab.models import PolicyDirectory
from rftlab.prompts import PromptConfig, context, encode, encode_all, responses
from rftlab.randomness import rollout_seed
from rftlab.removal import refuse_gone
from rftlab.rollouts import Engine, EngineConfig, Sampling
from rftlab.runlog import read_json, replacing
from rftlab.scoring import Scorer


@dataclass(frozen=True)
class EvaluationConfig:
    """What is asked of every checkpoint; ``samples`` are drawn at the base model and the last checkpoint only."""

    max_new_tokens: int
    samples: int
    temperature: float
    top_p: float
    seed: int
    device: str

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
    """A named set of queries and the verifier of its answers; ``prompts`` are the queries' token ids, once encoded."""

    name: str
    queries: list[Query]
    verifier: str
    prompts: Sequence[Sequence[int]] = ()

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
    evaluated = list(checkpoints(arguments.run, arguments.model))
    overlong: dict[str, int] = {}
    if evaluated:  # one tokenizer for all of them
        sets, overlong = within_limits(evaluated[0][1], sets, prompt, asked)
    rows = evaluate(evaluated, sets, asked, EngineConfig(**config["engine"]))
    write_rows(arguments.output, ({**config["labels"], **row} for row in rows), overlong)


def within_limits(
    folder: Path, sets: Sequence[EvaluationSet], prompt: PromptConfig, asked: EvaluationConfig
) -> tuple[list[EvaluationSet], dict[str, int]]:
    """Evaluation sets, encoded, without the queries whose prompts are over the limit; how many those are, by set.

    Raises:
        BadInputError: no prompt of a set is short enough, or the model's context is shorter than prompt and response.
    """
    tokenizer = PolicyDirectory(folder).tokenizer()
    room = context(AutoConfig.from_pretrained(folder, local_files_only=True))
    kept, overlong = [], {}
    for entry in sets:
        prompts = encode_all(tokenizer, prompt, entry.queries, context=room, response=asked.max_new_tokens)
        kept.append(replace(entry, queries=prompts.queries, prompts=prompts.ids))
        overlong[entry.name] = prompts.overlong
        if prompts.overlong:
            print(f"{entry.name}: {prompts.overlong} queries dropped: prompts over {prompt.max_tokens} tokens")
    return kept, overlong


def checkpoints(run: Path | None, model: Path | None) -> Iterator[tuple[int, Path, bool]]:
    """Round, directory and whether samples are drawn, of each checkpoint of a run or of a base model."""
    if run is None:
        assert model is not None
        yield 0, model, True
        return
    entries = read_json(run / "checkpoints.json")["checkpoints"]
    refuse_gone(run, entries)
    for entry in entries:
        yield entry["round"], run / entry["path"], entry is entries[-1]


def evaluate(
    found: Iterable[tuple[int, Path, bool]],
    sets: Sequence[EvaluationSet],
    asked: EvaluationConfig,
    config: EngineConfig,
) -> Iterator[dict[str, Any]]:
    """Outcomes of checkpoints, one row per checkpoint, evaluation set, query and sample; one engine takes them all."""
    engine: Engine | None = None
    for round_number, folder, sampled in found:
        policy = PolicyDirectory(folder)
        model, tokenizer = policy.model(frozen=True).to(prepare(asked.device)), policy.tokenizer()
        if engine is None:
            engine = policy.engine(model, tokenizer, config)
        else:
            engine.sync(model)
        for evaluation_set in sets:
            for decoding, count in (("greedy", 1), ("sampled", asked.samples if sampled else 0)):
                sampling = asked.greedy if decoding == "greedy" else asked.sampled
                outcomes = answer(engine, tokenizer, evaluation_set, sampling, count, asked.seed)
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
    sampling: Sampling,
    samples: int,
    seed: int,
) -> list[dict[str, Any]]:
    """Sample and verify ``samples`` responses to every query; evaluation has its own stream of seeds."""
    asked = [(query, sample) for query in evaluation_set.queries for sample in range(samples)]
    prompts = [prompt for prompt in evaluation_set.prompts for _ in range(samples)]
    seeds = [rollout_seed("evaluate", seed, query.id, 0, sample) for query, sample in asked]
    rollouts = engine.generate(prompts, sampling, seeds)
    texts = responses(tokenizer, rollouts)
    scores = Scorer(evaluation_set.verifier).score(texts, [query.answer for query, _ in asked])
    outcomes = []
    for (query, sample), rollout, text, score in zip(asked, rollouts, texts, scores, strict=True):
        outcomes.append(
            {
                "sample": sample,
                "query": query.id,
                "correct": score.correct,
                "strict": score.strict,
                "flexible": score.flexible,
                "formatted": score.formatted,
                "failure": score.failure,
                "extracted": score.extracted,
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
    prompts = [encode(tokenizer, PromptConfig(), query.query) for query in queries]
    outcomes = answer(engine, tokenizer, EvaluationSet("", queries, verifier, prompts), sampling, 1, seed)
    return float(np.mean([outcome["correct"] for outcome in outcomes]))


def write_rows(path: Path, rows: Iterator[dict[str, Any]], overlong: Mapping[str, int]) -> None:
    """Write outcomes as Parquet, whole or not at all; its metadata say how many overlong prompts each set lost."""
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
        "strict": pa.bool_(),
        "flexible": pa.bool_(),
        "formatted": pa.bool_(),
        "failure": pa.string(),
        "extracted": pa.string(),
        "completion": pa.string(),
        "tokens": pa.int64(),
        "truncated": pa.bool_(),
    }
    schema = pa.schema(list(columns.items()), metadata={"overlong": json.dumps(dict(overlong))})
    table = pa.Table.from_pylist(list(rows), schema=schema)
    with replacing(path) as temporary:
        pq.write_table(table, temporary)


if __name__ == "__main__":
    main()
