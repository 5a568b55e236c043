"""The least time a machine could take for a round: its work over what the machine can compute and copy.

Multiplications of matrices cost 2 operations a parameter and token forward and 4 backward; attention adds
4·layers·width a token and a token it sees. A step of decoding reads every weight once, however many rollouts it serves;
AdamW reads weights, gradients and both moments and writes all but the gradients, clipping reads and writes gradients.
Rates are measured on this machine at the time, by the largest multiplication and copy that it does well.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FLOAT = 4
"""Bytes."""
OPTIMIZER_PASSES = 4 + 3 + 1 + 2
"""Floats read and written for each parameter by AdamW (4 + 3) and by clipping (read for the norm; read, written)."""
RATES = """
import json, sys, time, torch
torch.set_num_threads(int(sys.argv[1]))
def best(action, times=8):
    found = []
    for _ in range(times):
        started = time.perf_counter()
        action()
        found.append(time.perf_counter() - started)
    return min(found)
a, b = torch.randn(2, 2048, 2048)
c = torch.empty(2048, 2048)
source = torch.randn(2**26)
target = torch.empty_like(source)
multiply, copy = best(lambda: torch.mm(a, b, out=c)), best(lambda: target.copy_(source))
print(json.dumps([2 * 2048**3 / multiply, 2 * 4 * 2**26 / copy]))
"""


@dataclass(frozen=True)
class Rates:
    """What the machine does in a second: floating-point operations, bytes read or written."""

    flops: float
    bytes: float

    def seconds(self, flops: float, touched: float) -> float:
        """Least time for so many operations and bytes, whichever takes longer."""
        return max(flops / self.flops, touched / self.bytes)


@cache
def rates(threads: int) -> Rates:
    """Measured in a process of its own."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
    printed = subprocess.check_output([sys.executable, "-c", RATES, str(threads)], env=environment, text=True)
    return Rates(*json.loads(printed))


@dataclass(frozen=True)
class Shape:
    """What of a model decides the cost.

    Attributes:
        body: parameters that every token is multiplied with.
        head: those of the output layer, which only tokens with logits are multiplied with.
        parameters: all of them, which the optimizer steps.
        attention: operations of one token looking at one other, in all layers.
        cached: floats of keys and values of one token.
    """

    body: int
    head: int
    parameters: int
    attention: int
    cached: int

    @classmethod
    def read(cls, folder: Path) -> Shape:
        """Of a Hugging Face directory."""
        config = json.loads((folder / "config.json").read_text())
        hidden, layers, inner = config["hidden_size"], config["num_hidden_layers"], config["intermediate_size"]
        heads = config["num_attention_heads"]
        wide = (config.get("head_dim") or hidden // heads) * heads
        narrow = wide // heads * config["num_key_value_heads"]
        body = layers * (2 * hidden * wide + 2 * hidden * narrow + 3 * hidden * inner)
        head = hidden * config["vocab_size"]
        tables = 1 if config["tie_word_embeddings"] else 2
        return cls(body, head, body + tables * head, 4 * layers * wide, 2 * layers * narrow)

    def forward(self, tokens: float, logits: float, seen: float) -> float:
        """Operations of a forward pass: tokens, of which some need logits, and pairs of tokens that attend."""
        return 2 * (self.body * tokens + self.head * logits) + self.attention * seen


def sampling(shape: Shape, speed: Rates, *, queries: int, rows: int, prompt: float, response: float) -> float:
    """Least seconds to sample ``rows`` responses to ``queries`` prompts, each prompt read once, all rows in step."""
    first = speed.seconds(
        shape.forward(queries * prompt, queries, queries * prompt * prompt / 2), FLOAT * (shape.body + shape.head)
    )
    total = first
    for step in range(1, int(response)):
        seen = prompt + step
        touched = FLOAT * (shape.body + shape.head + rows * seen * shape.cached)
        total += speed.seconds(shape.forward(rows, rows, rows * seen), touched)
    return total


def updating(shape: Shape, speed: Rates, *, rows: float, prompt: float, response: float) -> float:
    """Least seconds of one optimizer step on ``rows`` rollouts: forward, twice that backward, clipping, AdamW."""
    length = prompt + response
    flops = 3 * shape.forward(rows * length, rows * response, rows * length * length / 2)
    passes = speed.seconds(flops, 0 if rows == 0 else 3 * FLOAT * shape.parameters)
    return passes + OPTIMIZER_PASSES * FLOAT * shape.parameters / speed.bytes
