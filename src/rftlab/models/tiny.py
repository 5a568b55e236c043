"""Tiny decoder models trained from scratch: the base models of a study that needs neither a GPU nor a model hub.

A tiny model is a transformers model of one of the families below with a character tokenizer. It learns worked solutions
of all tasks of its study and stops while it still fails at most of them, so that fine-tuning can move either way.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    Olmo2Config,
    Olmo2ForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
)

from rftlab.data.families import Family
from rftlab.data.queries import Query
from rftlab.data.sources.procedural import configured_family, stream
from rftlab.errors import BadInputError
from rftlab.evaluation.measure import accuracy
from rftlab.policies.prompts import end_tokens, pad_token
from rftlab.randomness import stable_hash
from rftlab.rollouts import Sampling
from rftlab.rollouts.transformers_engine import TransformersEngine

ARCHITECTURES: dict[str, tuple[Any, Any]] = {
    "qwen2": (Qwen2Config, Qwen2ForCausalLM),
    "llama": (LlamaConfig, LlamaForCausalLM),
    "olmo2": (Olmo2Config, Olmo2ForCausalLM),
}
HEAD_DIM = 32  # smaller heads crash vLLM's CPU attention
PAD, END, UNKNOWN = "<pad>", "<end>", "<unknown>"


@dataclass(frozen=True)
class Task:
    """One procedural task of the mixture: how often it is drawn, at which accuracy it may stop, where it must end."""

    name: str
    family: Family
    weight: float
    verifier: str
    goal: float
    low: float
    high: float


@dataclass(frozen=True)
class TinyConfig:
    """Shape and training of a tiny model; the study's schema documents every key."""

    architecture: str
    layers: int
    hidden_size: int
    seed: int
    lr: float
    batch_size: int
    max_steps: int
    check_every: int
    check_queries: int
    max_new_tokens: int
    tasks: tuple[Task, ...]

    @classmethod
    def read(cls, config: Mapping[str, Any]) -> TinyConfig:
        """From the resolved configuration of a model."""
        tasks = tuple(
            Task(
                name=name,
                family=configured_family(task["dataset"]),
                **{key: value for key, value in task.items() if key != "dataset"},
            )
            for name, task in config["tasks"].items()
        )
        return cls(tasks=tasks, **{key: value for key, value in config.items() if key not in ("tasks", "source")})


def character_tokenizer(charset: str) -> PreTrainedTokenizerFast:
    """A tokenizer with one token per character (beyond ASCII: per byte), as an ordinary fast tokenizer.

    It is a byte-level BPE without merges, because ``AutoTokenizer`` reads the tokenizer of every Qwen2 model as one: of
    any other kind it would keep the vocabulary alone, and drop the spaces.
    """
    bytes_ = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    letters = [letter for character in sorted(set(charset)) for letter in bytes_.pre_tokenize_str(character)[0][0]]
    vocabulary = {token: i for i, token in enumerate(dict.fromkeys([PAD, END, UNKNOWN, *letters]))}
    tokenizer = Tokenizer(models.BPE(vocabulary, merges=[], unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = bytes_
    tokenizer.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token=PAD, eos_token=END, unk_token=UNKNOWN, clean_up_tokenization_spaces=False
    )


def initial_model(config: TinyConfig, tokenizer: PreTrainedTokenizerFast) -> PreTrainedModel:
    """An untrained model, the same for the same seed."""
    torch.manual_seed(config.seed)
    shape, architecture = ARCHITECTURES[config.architecture]
    heads = config.hidden_size // HEAD_DIM
    return architecture(
        shape(
            vocab_size=len(tokenizer),
            hidden_size=config.hidden_size,
            intermediate_size=2 * config.hidden_size,
            num_hidden_layers=config.layers,
            num_attention_heads=heads,
            num_key_value_heads=heads,
            max_position_embeddings=512,
            tie_word_embeddings=True,
            pad_token_id=tokenizer.pad_token_id,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
        )
    )


class Mixture:
    """An endless stream of worked solutions; tasks that have reached their goal are drawn more rarely."""

    def __init__(self, tasks: tuple[Task, ...], seed: int) -> None:
        self.tasks = tasks
        self.weights = [task.weight for task in tasks]
        self.random = random.Random(stable_hash("mixture", seed))
        self.streams: list[Iterator[Query]] = [
            stream(task.family, "train", random.Random(stable_hash("task", seed, task.name))) for task in tasks
        ]

    def batch(self, size: int) -> list[Query]:
        """The next queries, each with its worked solution."""
        return [next(stream) for stream in self.random.choices(self.streams, self.weights, k=size)]

    def focus(self, accuracies: Mapping[str, float]) -> None:
        """Draw a task with its weight; with a tenth of it once it has reached its goal, not at all above its range."""
        shares = [
            0.0 if accuracies[task.name] > task.high else 0.1 if accuracies[task.name] >= task.goal else 1.0
            for task in self.tasks
        ]
        self.weights = [task.weight * share for task, share in zip(self.tasks, shares, strict=True)]


def untrained(config: TinyConfig) -> tuple[PreTrainedModel, PreTrainedTokenizerFast]:
    """The model of a configuration as its seed initialises it, and the tokenizer of its tasks."""
    tokenizer = character_tokenizer("".join(task.family.charset() for task in config.tasks))
    return initial_model(config, tokenizer), tokenizer


def train_tiny(config: TinyConfig) -> tuple[PreTrainedModel, PreTrainedTokenizerFast, dict[str, Any]]:
    """Train until every task's sampled accuracy lies between its goal and the top of its range.

    Raises:
        BadInputError: a task ends outside the range it must be in; the message says which, and what to change.
    """
    model, tokenizer = untrained(config)
    optimizer = torch.optim.AdamW(model.parameters(), lr=config.lr, betas=(0.9, 0.98), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, learning_rate)
    mixture = Mixture(config.tasks, config.seed)
    measured = dict.fromkeys((task.name for task in config.tasks), 0.0)
    for step in range(1, config.max_steps + 1):
        model.train()
        loss = solution_loss(model, tokenizer, mixture.batch(config.batch_size))
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % config.check_every == 0 or step == config.max_steps:
            measured = accuracies(model, tokenizer, config)
            print(f"step {step}: loss {loss.item():.3f}", *(f"{k} {v:.2f}" for k, v in measured.items()), flush=True)
            if all(task.goal <= measured[task.name] <= task.high for task in config.tasks):
                break
            mixture.focus(measured)
    refuse_outside(config, measured, f"after {step} steps")
    return model.eval(), tokenizer, {"steps": step, "loss": loss.item(), "sampled_accuracy": measured}


def accuracies(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, config: TinyConfig, temperature: float = 1.0
) -> dict[str, float]:
    """Share of right answers to ``check_queries`` validation queries of each task, never to test queries."""
    ends = end_tokens(tokenizer, model.config.eos_token_id)
    engine = TransformersEngine(model, end_tokens=ends, pad_token=pad_token(tokenizer))
    sampling = Sampling(config.max_new_tokens, temperature)
    return {
        task.name: accuracy(engine, tokenizer, checks(task, config), task.verifier, sampling, seed=config.seed)
        for task in config.tasks
    }


def checks(task: Task, config: TinyConfig) -> list[Query]:
    """The validation queries of a task, the same for every seed."""
    return list(islice(stream(task.family, "validation", random.Random(1)), config.check_queries))


def refuse_outside(config: TinyConfig, measured: Mapping[str, float], when: str) -> None:
    """Refuse a model of which a task is outside the range that it must be in.

    Raises:
        BadInputError: which, and what to change.
    """
    outside = [task for task in config.tasks if not task.low <= measured[task.name] <= task.high]
    if outside:
        raise BadInputError(
            f"{when} "
            + ", ".join(f"{t.name} is at {measured[t.name]:.2f}, needs {t.low} to {t.high}" for t in outside)
            + ": change its weight in train_on, max_steps, or the task"
        )


def learning_rate(step: int) -> float:
    """Share of the peak learning rate: 50 steps of warm-up, then 1, and after 500 steps 500/step.

    A model that has not settled by then swings from below a task's range to above it and back; smaller steps let it.
    """
    return min(1.0, (step + 1) / 50, 500 / (step + 1))


def solution_loss(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, queries: list[Query]) -> torch.Tensor:
    """Mean cross-entropy of the worked solutions' tokens, end token included; the query's own tokens do not count."""
    rows = [(tokenizer(q.query).input_ids, tokenizer(q.metadata["solution"]).input_ids) for q in queries]
    length = max(len(prompt) + len(solution) for prompt, solution in rows) + 1
    ids, labels = [], []
    for prompt, solution in rows:
        fill = length - len(prompt) - len(solution) - 1
        ids.append([*prompt, *solution, tokenizer.eos_token_id, *[tokenizer.pad_token_id] * fill])
        labels.append([*[-100] * len(prompt), *solution, tokenizer.eos_token_id, *[-100] * fill])
    logits = model(input_ids=torch.tensor(ids), use_cache=False).logits[:, :-1]
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), torch.tensor(labels)[:, 1:].flatten())
