"""The evaluation: outcomes, query by query, of every checkpoint of a run on every evaluation set of a suite.

Stage: ``python -m rftlab.evaluation.evaluate --config JSON --code DIGEST --run DIR --output FILE`` (a run's
checkpoints) or ``--model DIR`` (a base model, round 0). One row per checkpoint, evaluation set, query and sample; the
file also says what it was made with.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from transformers import AutoConfig

from rftlab.errors import BadInputError, one_line_errors
from rftlab.evaluation.measure import QuerySet, answer
from rftlab.evaluation.outcomes import Made, write_rows
from rftlab.evaluation.removal import refuse_missing
from rftlab.files import file_sha256, json_option, read_json
from rftlab.policies.device import prepare
from rftlab.policies.directory import PolicyDirectory
from rftlab.policies.prompts import PromptConfig, context, encode_all
from rftlab.rollouts import Engine, EngineConfig, Sampling
from rftlab.rollouts.engine import engine_of


@dataclass(frozen=True)
class EvaluationConfig:
    """What is asked of every checkpoint; ``samples`` are drawn at the base model and the last checkpoint only."""

    max_new_tokens: int
    samples: int
    temperature: float
    top_p: float
    seed: int
    device: str
    stop: tuple[str, ...] = ()

    @property
    def greedy(self) -> Sampling:
        """Greedy decoding."""
        return Sampling(self.max_new_tokens, temperature=0.0, stop=tuple(self.stop))

    @property
    def sampled(self) -> Sampling:
        """Sampling as the study asks."""
        return Sampling(self.max_new_tokens, self.temperature, self.top_p, tuple(self.stop))


@one_line_errors
def main(argv: list[str] | None = None) -> None:
    """Evaluate the checkpoints of one run, or one base model, on the evaluation sets of one suite."""
    parser = argparse.ArgumentParser(prog="python -m rftlab.evaluation.evaluate")
    shape = dict.fromkeys(("labels", "sets", "prompt", "evaluation", "engine"), dict)
    parser.add_argument("--config", required=True, type=json_option("--config", **shape))
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--run", type=Path, help="folder of a run")
    which.add_argument("--model", type=Path, help="folder of a base model")
    parser.add_argument("--code", required=True, help="fingerprint of this stage, as planning computed it")
    parser.add_argument("--output", required=True, type=Path)
    arguments = parser.parse_args(argv)
    config = arguments.config
    sets = [QuerySet.read(name, entry) for name, entry in config["sets"].items()]
    settings, prompt = EvaluationConfig(**config["evaluation"]), PromptConfig(**config["prompt"])
    checkpoints = list(checkpoints_of(arguments.run, arguments.model))
    made = Made(
        arguments.code,
        config,
        {checkpoint.round: checkpoint.sha256 for checkpoint in checkpoints},
        {name: file_sha256(Path(entry["path"])) for name, entry in config["sets"].items()},
    )
    overlong: dict[str, int] = {}
    if checkpoints:  # one tokenizer for all of them
        sets, overlong = within_limits(checkpoints[0].folder, sets, prompt, settings)
    rows = evaluate(checkpoints, sets, settings, EngineConfig(**config["engine"]))
    write_rows(arguments.output, ({**config["labels"], **row} for row in rows), overlong, made)


def within_limits(
    folder: Path, sets: Sequence[QuerySet], prompt: PromptConfig, settings: EvaluationConfig
) -> tuple[list[QuerySet], dict[str, int]]:
    """Evaluation sets, encoded, without the queries whose prompts are over the limit; how many those are, by set.

    Raises:
        BadInputError: no prompt of a set is short enough, or the model's context is shorter than prompt and response.
    """
    tokenizer = PolicyDirectory(folder).tokenizer()
    room = context(AutoConfig.from_pretrained(folder, local_files_only=True))
    encoded_sets, overlong = [], {}
    for entry in sets:
        prompts = encode_all(tokenizer, prompt, entry.queries, context=room, response=settings.max_new_tokens)
        encoded_sets.append(replace(entry, queries=prompts.queries, prompts=prompts.ids))
        overlong[entry.name] = prompts.overlong
        if prompts.overlong:
            print(f"{entry.name}: {prompts.overlong} queries dropped: prompts over {prompt.max_tokens} tokens")
    return encoded_sets, overlong


@dataclass(frozen=True)
class Checkpoint:
    """Weights to evaluate: after which round, where, their checksum, and whether samples are drawn of them."""

    round: int
    folder: Path
    sha256: str
    sampled: bool


def checkpoints_of(run: Path | None, model: Path | None) -> Iterator[Checkpoint]:
    """Each checkpoint of a run, or a base model.

    Raises:
        BadInputError: weights are gone, or are not those that the run's manifest names.
    """
    if run is None:
        assert model is not None
        yield Checkpoint(0, model, PolicyDirectory(model).sha256, True)
        return
    entries = read_json(run / "checkpoints.json")["checkpoints"]
    refuse_missing(run, entries)
    for entry in entries:
        folder = run / entry["path"]
        if (sha256 := PolicyDirectory(folder).sha256) != entry["sha256"]:
            raise BadInputError(
                f"{folder}: not the weights that {run}/checkpoints.json names: remove that file to train the run again"
            )
        yield Checkpoint(entry["round"], folder, sha256, entry is entries[-1])


def evaluate(
    checkpoints: Iterable[Checkpoint],
    sets: Sequence[QuerySet],
    settings: EvaluationConfig,
    engine_config: EngineConfig,
) -> Iterator[dict[str, Any]]:
    """Outcomes of checkpoints, one row per checkpoint, evaluation set, query and sample; one engine takes them all."""
    engine: Engine | None = None
    for checkpoint in checkpoints:
        policy = PolicyDirectory(checkpoint.folder)
        model, tokenizer = policy.model(frozen=True).to(prepare(settings.device)), policy.tokenizer()
        if engine is None:
            engine = engine_of(policy, model, tokenizer, engine_config)
        else:
            engine.sync(model)
        for evaluation_set in sets:
            for decoding, count in (("greedy", 1), ("sampled", settings.samples if checkpoint.sampled else 0)):
                sampling = settings.greedy if decoding == "greedy" else settings.sampled
                outcomes = answer(engine, tokenizer, evaluation_set, sampling, count, settings.seed)
                for outcome in outcomes:
                    yield {
                        "round": checkpoint.round,
                        "evaluation_set": evaluation_set.name,
                        "decoding": decoding,
                        **vars(outcome),
                    }


if __name__ == "__main__":
    main()
