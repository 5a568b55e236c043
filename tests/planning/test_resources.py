"""Data and base models: where they are, what they are made of, and what makes them anew."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rftlab.files import digest
from rftlab.models import pin_path
from rftlab.planning.fingerprint import closure, fingerprint
from studies import STUDY, planned, pretrained


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
        ("datasets", {"words": {"source": "jsonl", "files": files, "verifier": "numeric"}}),
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


def test_paths_hold_what_identifies_the_content() -> None:
    resources = planned().resources
    chains, longer = (f"resources/data/{name}/{resources.data_digests[name]}" for name in ("chains", "longer"))
    assert resources.data_folder("chains") == chains
    assert resources.splits("chains") == ("train", "validation", "test")
    assert resources.splits("longer") == ("test",)
    assert resources.data_files() == [
        *(f"{chains}/{split}.jsonl" for split in ("train", "validation", "test")),
        f"{longer}/test.jsonl",
    ]
    assert resources.model_folder("tiny") == f"resources/models/tiny/{digest(resources.model('tiny'))}"


def test_a_dataset_is_known_by_its_content_whatever_its_name() -> None:
    content = {"source": "procedural", "family": "chains", "terms": [4], "sizes": {"test": 4}}
    more = [("evaluation_sets/again", content), ("evaluation/ood", ["longer", "again"])]
    digests = planned(*more).resources.data_digests
    assert digests["again"] == digests["longer"] != digests["chains"]


def test_a_job_is_given_what_its_data_are_made_of() -> None:
    resources = planned().resources
    params = resources.data_params("longer")
    assert json.loads(params["config"]) == resources.data["longer"]
    assert params["code"] == fingerprint("rftlab.data.__main__", "rftlab.data.sources.procedural")
    assert "rftlab.data.sources.jsonl" not in closure("rftlab.data.__main__"), "a source is code of its own data alone"
    assert json.loads(resources.model_params("tiny")["config"]) == resources.model("tiny")


def test_a_tiny_model_is_made_of_its_tasks_and_how_well_it_must_do_them() -> None:
    resources = planned(
        ("models/tiny/train_on", {"chains": 1, "longer": 0.5}),
        ("models/tiny/trained_range", [0.2, 0.3, 0.4]),
        ("models/tiny/other_range", [0.0, 0.1, 0.9]),
        ("datasets/chains/verifier", "numeric"),
        ("datasets/chains/seed", 3),
    ).resources
    model = resources.model("tiny")
    assert not {"train_on", "trained_range", "other_range"} & model.keys()
    assert model["architecture"] == "qwen2"
    tasks = {name: {k: v for k, v in task.items() if k != "dataset"} for name, task in model["tasks"].items()}
    assert tasks == {
        "chains": {"weight": 1.0, "verifier": "numeric", "low": 0.2, "goal": 0.3, "high": 0.4},
        "longer": {"weight": 0.5, "verifier": "marked", "low": 0.0, "goal": 0.1, "high": 0.9},
    }
    for name, task in model["tasks"].items():
        content = {key: value for key, value in resources.data[name].items() if key not in ("seed", "sizes")}
        assert task["dataset"] == content


def test_a_model_in_several_files_depends_on_each_and_on_their_index(tmp_path: Path) -> None:
    folder = pretrained(tmp_path / "model", model__safetensors=None)
    parts = [f"model-{number:05d}-of-00002.safetensors" for number in (1, 2)]
    for part in parts:
        (folder / part).write_bytes((2).to_bytes(8, "little") + b"{}")
    index = {"weight_map": {"a": parts[1], "b": parts[0], "c": parts[1]}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    resources = planned(("models/own", {"source": "directory", "path": str(folder)})).resources
    names = ["config.json", "tokenizer.json", *parts, "model.safetensors.index.json"]
    assert resources.model_files("own") == [f"{folder}/{name}" for name in names]
    assert resources.model("own") == {"source": "directory", "path": str(folder)}


def test_code_is_the_modules_and_the_versions_where_the_study_says_so(monkeypatch) -> None:
    looked_up = []

    def versions() -> dict[str, str]:
        looked_up.append("numpy")
        return {"numpy": str(len(looked_up))}

    monkeypatch.setattr("rftlab.planning.resources.package_versions", versions)
    plain, versioned, later = (planned(("package_versions", on)).resources for on in (False, True, True))
    module = "rftlab.data.check"
    assert plain.code(module) == fingerprint(module)
    assert not looked_up
    assert versioned.code(module) == versioned.code(module) == digest([fingerprint(module), {"numpy": "1"}])
    assert later.code(module) == digest([fingerprint(module), {"numpy": "2"}])
    assert len(looked_up) == 2, "once a plan: it takes a while, and every job asks"


def test_a_pin_is_part_of_what_makes_a_base_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    resources = planned(("models/other", {**STUDY["models"]["tiny"], "seed": 1})).resources
    monkeypatch.setattr(pin_path, "PINNED", tmp_path)
    before = [resources.model_params(name) for name in ("tiny", "other")]
    assert before[0]["code"] == before[1]["code"]
    pin_path.pin_path(resources.model("tiny")).write_bytes(b"weights")
    pinned, other = (resources.model_params(name) for name in ("tiny", "other"))
    assert pinned["code"] != before[0]["code"]
    assert pinned["config"] == before[0]["config"]
    assert other == before[1]
