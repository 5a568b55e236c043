"""Data and base models: where they are, what they are made of, and what makes them anew."""

from __future__ import annotations

import json
from pathlib import Path

from studies import planned, pretrained


def test_a_larger_dataset_is_another_dataset_and_the_same_base_model() -> None:
    before, after = planned(), planned(("datasets/chains/sizes/train", 9))
    assert before.resources.data_folder("chains") != after.resources.data_folder("chains")
    assert before.resources.model_folder("tiny") == after.resources.model_folder("tiny")
    assert before.resources.model_folder("tiny") != planned(("datasets/chains/terms", [2, 3])).resources.model_folder(
        "tiny"
    )


def test_data_is_known_by_the_bytes_of_its_files(tmp_path: Path) -> None:
    model = pretrained(tmp_path / "model")
    files = {split: str(tmp_path / f"{split}.jsonl") for split in ("train", "test")}
    edits = [
        ("models", {"own": {"source": "directory", "path": str(model)}}),
        ("datasets", {"words": {"source": "jsonl", "files": files}}),
        ("evaluation_sets", {"words_test": {"dataset": "words"}}),
        ("evaluation/id", ["words_test"]),
        ("evaluation/ood", []),
    ]

    def digest(word: str) -> str:
        for split, path in files.items():
            Path(path).write_text(json.dumps({"question": f"{word} {split}", "answer": "1"}) + "\n")
        return planned(*edits).resources.data_digests["words"]

    assert digest("a") == digest("a") != digest("b")


def test_a_pretrained_model_depends_on_its_files(tmp_path: Path) -> None:
    model, gguf = pretrained(tmp_path / "model"), tmp_path / "own.gguf"
    gguf.write_bytes(b"GGUF")
    plan = planned(
        ("models/own", {"source": "directory", "path": str(model)}),
        ("models/file", {"source": "gguf", "path": str(gguf)}),
    )
    assert plan.resources.model_files("own") == [
        f"{model}/{name}" for name in ("config.json", "tokenizer.json", "model.safetensors")
    ]
    assert plan.resources.model_files("file") == [str(gguf)]
    assert plan.resources.model_files("tiny") == []
