"""What vLLM cannot run, known without importing it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CPU_HEAD_DIMS = (32, 64, 80, 96, 112, 128, 160, 192, 224, 256, 512)  # vLLM's CPU attention crashes with any other


def head_dim(config: Mapping[str, Any]) -> int | None:
    """Width of an attention head by a model's ``config.json``, where it says so."""
    if config.get("head_dim"):
        return int(config["head_dim"])
    heads, width = config.get("num_attention_heads"), config.get("hidden_size")
    return width // heads if isinstance(heads, int) and isinstance(width, int) and heads else None


def refused_heads(size: int | None) -> str:
    """Why a model with heads of this size is refused."""
    return f"heads of {size} crash vLLM on a CPU, which takes {', '.join(map(str, CPU_HEAD_DIMS))}"
