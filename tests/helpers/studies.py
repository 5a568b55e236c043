"""A small valid study, edits of it, and the one line with which a wrong one is refused."""

from __future__ import annotations

import copy
import enum
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from rftlab.errors import BadInputError
from rftlab.planning.plan import Plan
from rftlab.study.read import load_study, read_study

TEXT = """\
study: small
models: {tiny: {source: tiny, architecture: qwen2, train_on: {chains: 1}}}
datasets: {chains: {source: procedural, family: chains, sizes: {train: 8, validation: 4, test: 4}}}
baseline: {rollout: {queries: 4, max_new_tokens: 8}, optimizer: {lr: 1.0e-4}}
factors:
  advantage: {group_norm: {advantage.name: group_norm, rollout.statistics_rollouts: 3}}
  rollouts: {n4: {advantage.name: group_norm, rollout.rollouts: 4, relative_to: advantage/group_norm}}
  lr: {zero: {optimizer.lr: 0.0}}
seeds: [0, 1, 2]
budget: {rounds: 6}
evaluation_sets:
  chains_validation: {dataset: chains, split: validation}
  chains_test: {dataset: chains, split: test}
  longer: {source: procedural, family: chains, terms: [4], sizes: {test: 4}, shift: four terms}
evaluation: {every: {rounds: 2}, id: [chains_validation, chains_test], ood: [longer], samples: 2, pass_at: [1, 2]}
"""
STUDY: dict[str, Any] = yaml.safe_load(TEXT)
GONE = enum.Enum("Edit", "GONE").GONE  # its name is the same in every process: pytest-xdist compares test ids


def changed(*edits: tuple[str, Any], study: dict[str, Any] = STUDY) -> dict[str, Any]:
    """A copy with values set, or removed, at paths such as ``factors/lr/zero`` (dots belong to dotted overrides)."""
    copied = copy.deepcopy(study)
    for path, value in edits:
        *parents, last = path.split("/")
        place = copied
        for parent in parents:
            place = place.setdefault(parent, {})
        if value is GONE:
            del place[last]
        else:
            place[last] = value
    return copied


def planned(*edits: tuple[str, Any]) -> Plan:
    """The plan of the changed study."""
    return Plan(read_study(changed(*edits), []))


def refusal(folder: Path, study: dict[str, Any] | str) -> str:
    """The line that refuses a study, without the file's name that it begins with; keys stay in their order."""
    path = folder / "study.yaml"
    path.write_text(study if isinstance(study, str) else yaml.safe_dump(study, sort_keys=False), encoding="utf-8")
    with pytest.raises(BadInputError) as error:
        load_study(path)
    line = str(error.value)
    assert line.isprintable(), "one line, and nothing that moves a terminal's cursor"
    assert line.startswith(str(path))
    return line.removeprefix(str(path)).removeprefix(": ")


def pretrained(folder: Path, **other: bytes | None) -> Path:
    """A directory that planning takes for a model's; ``other`` contents by file name, dots as ``__``, None for none."""
    files: dict[str, bytes | None] = {
        "config__json": b'{"model_type": "llama"}',
        "tokenizer__json": b'{"model": {"type": "BPE", "vocab": {}, "merges": []}}',
        "model__safetensors": (2).to_bytes(8, "little") + b"{}",
    }
    folder.mkdir(exist_ok=True)
    for name, content in (files | other).items():
        if content is not None:
            (folder / name.replace("__", ".")).write_bytes(content)
    return folder


def jsonl_study(*edits: tuple[str, Any], folder: Path, records: dict[str, list[str]] | None = None) -> dict[str, Any]:
    """A study of JSONL files with a pretrained model, written to ``folder``; ``records`` are lines of a file."""
    lines = {
        name: [json.dumps({"question": f"{name} {i}?", "answer": f"so #### {i}"}) for i in range(6)]
        for name in ("train", "test", "other")
    } | (records or {})
    for name, content in lines.items():
        (folder / f"{name}.jsonl").write_text("".join(f"{line}\n" for line in content))
    model = pretrained(folder / "model")
    files = {split: str(folder / f"{split}.jsonl") for split in ("train", "test")}
    return changed(
        ("models", {"pretrained": {"source": "directory", "path": str(model)}}),
        ("datasets", {"words": {"source": "jsonl", "files": files, "verifier": "gsm8k_strict"}}),
        (
            "evaluation_sets",
            {
                "words_test": {"dataset": "words"},
                "other": {
                    "source": "jsonl",
                    "files": {"test": str(folder / "other.jsonl")},
                    "verifier": "gsm8k_strict",
                },
            },
        ),
        ("evaluation/id", ["words_test"]),
        ("evaluation/ood", ["other"]),
        *edits,
    )
