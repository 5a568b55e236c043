"""Sampling with vLLM on a CPU against transformers: tokens per second on the same work, in alternation.

``OMP_NUM_THREADS=2 .venv-vllm/bin/python benchmarks/engines.py resources/models/<name>/<digest>/model --tokens 16``

Both engines sample the same rollouts of a forced length (no token ends a response) from the same weights; each round
begins with the weights' transfer, which is timed apart. The first rounds warm up and do not count. Medians.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import random
import statistics
import time
from pathlib import Path
from typing import Any

import torch

from rftlab.policies.directory import PolicyDirectory
from rftlab.policies.prompts import pad_token
from rftlab.rollouts import EngineConfig, Sampling

ENGINES = ("transformers", "vllm")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="directory of a model")
    parser.add_argument("--queries", type=int, default=16, help="prompts in a round")
    parser.add_argument("--rollouts", type=int, default=2, help="of each prompt")
    parser.add_argument("--prompt", type=int, default=32, help="tokens of a prompt")
    parser.add_argument("--tokens", type=int, default=32, help="tokens of a response")
    parser.add_argument("--rounds", type=int, default=10, help="that count")
    parser.add_argument("--warmup", type=int, default=2, help="rounds before those")
    parser.add_argument("--cache-gib", type=float, default=1.0)
    parser.add_argument("--json", action="store_true", help="print everything that was measured")
    asked = parser.parse_args()
    found = measure(asked)
    print(json.dumps(found, indent=1) if asked.json else sentence(asked, found))


def sentence(asked: argparse.Namespace, found: dict[str, Any]) -> str:
    """What was measured, for people."""
    rates = ", ".join(
        f"{name} {found[name]['tokens_per_s']:,.0f} tokens/s (weights' transfer {found[name]['sync_s']:.3f} s)"
        for name in ENGINES
    )
    work = (
        f"{found['work']['parameters'] / 1e6:.1f} M parameters, {asked.queries}×{asked.rollouts}×{asked.tokens} tokens"
    )
    return (
        f"sampling, {work}, {found['threads']} thread(s): {rates}; transformers' time ÷ vLLM's: {found['ratio']:.2f}; "
        f"{found['same_rollouts']:.0%} of the rollouts are the same"
    )


def measure(asked: argparse.Namespace) -> dict[str, Any]:
    """Seconds and tokens per second of each engine, and their ratio round by round."""
    directory = PolicyDirectory(asked.model)
    model, tokenizer = directory.model(frozen=True), directory.tokenizer()
    start_s, engines = {}, {}
    for name in ENGINES:
        begun = time.perf_counter()
        config = EngineConfig(name, rows=asked.queries * asked.rollouts, cache_gib=asked.cache_gib)
        engines[name] = importlib.import_module(config.module).build(
            model,
            config,
            folder=asked.model,
            end_tokens=[],
            pad_token=pad_token(tokenizer),
            autocast=None,
            dtype=None,
        )
        start_s[name] = time.perf_counter() - begun
    sampling = Sampling(asked.tokens)
    seconds: dict[str, list[float]] = {name: [] for name in ENGINES}
    sync_s: dict[str, list[float]] = {name: [] for name in ENGINES}
    drawn: dict[str, list[Any]] = {name: [] for name in ENGINES}
    for number in range(asked.warmup + asked.rounds):
        rng = random.Random(number)
        several = [rng.choices(range(model.config.vocab_size), k=asked.prompt) for _ in range(asked.queries)]
        prompts = [prompt for prompt in several for _ in range(asked.rollouts)]
        seeds = [number * len(prompts) + i for i in range(len(prompts))]
        for name in ENGINES if number % 2 else reversed(ENGINES):
            begun = time.perf_counter()
            engines[name].sync(model)
            synced = time.perf_counter()
            drawn[name] += engines[name].generate(prompts, sampling, seeds)
            if number >= asked.warmup:
                sync_s[name].append(synced - begun)
                seconds[name].append(time.perf_counter() - synced)
    tokens = asked.queries * asked.rollouts * asked.tokens
    assert all(len(rollout.tokens) == asked.tokens for name in ENGINES for rollout in drawn[name])
    return {
        "work": vars(asked) | {"model": str(asked.model), "parameters": model.num_parameters()},
        "threads": torch.get_num_threads(),
        "load": os.getloadavg(),
        **{
            name: {
                "start_s": start_s[name],
                "sync_s": statistics.median(sync_s[name]),
                "sample_s": statistics.median(seconds[name]),
                "tokens_per_s": tokens / statistics.median(seconds[name]),
            }
            for name in ENGINES
        },
        "same_rollouts": statistics.mean(a.tokens == b.tokens for a, b in zip(*drawn.values(), strict=True)),
        "ratio": statistics.median(t / v for t, v in zip(seconds["transformers"], seconds["vllm"], strict=True)),
    }


if __name__ == "__main__":
    main()
