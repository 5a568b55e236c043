"""Models as others publish them: weights in one file or several, in a directory or in the hub's cache."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import huggingface_hub.constants
import pytest
import torch
from safetensors.torch import load_file, save_file

from rftlab.errors import BadInputError
from rftlab.models.published import PublishedDirectory, snapshot
from rftlab.policies.directory import PolicyDirectory
from training import write_base

INDEX = "model.safetensors.index.json"
PARTS = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
COMMIT = "c" * 40


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return write_base(tmp_path / "base")


def split(folder: Path) -> dict[str, torch.Tensor]:
    """Put a model's weights into two files and an index; return them."""
    weights = load_file(folder / "model.safetensors")
    names = sorted(weights)
    where = {name: PARTS[number % 2] for number, name in enumerate(names)}
    for part in PARTS:
        save_file({name: weights[name] for name in names if where[name] == part}, folder / part, {"format": "pt"})
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": where}))
    (folder / "model.safetensors").unlink()
    return weights


def test_several_files_are_one_model(base: Path) -> None:
    weights = split(base)
    loaded = PublishedDirectory(base).model().state_dict()
    assert len(weights) > 2
    assert all(torch.equal(loaded[name], tensor) for name, tensor in weights.items())
    with pytest.raises(BadInputError, match=r"no model\.safetensors"):
        PolicyDirectory(base)  # what is made of a published model has one file


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", *PARTS])
def test_what_is_missing_beside_an_index_is_named(base: Path, name: str) -> None:
    split(base)
    (base / name).unlink()
    with pytest.raises(BadInputError) as error:
        PublishedDirectory(base)
    assert str(error.value) == f"{base}: no {name}, which the model needs"


def test_one_file_is_taken_where_there_are_both(base: Path) -> None:
    whole = (base / "model.safetensors").read_bytes()
    split(base)
    (base / "model.safetensors").write_bytes(whole)
    (base / PARTS[0]).unlink()
    assert PublishedDirectory(base).sha256 == hashlib.sha256(whole).hexdigest()


def test_without_weights_one_file_is_asked_for(base: Path) -> None:
    (base / "model.safetensors").unlink()
    (base / "pytorch_model.bin").write_bytes(b"\x80\x04pickle")
    with pytest.raises(BadInputError, match=r"base: no model\.safetensors \(a model directory needs config\.json, "):
        PublishedDirectory(base)


# the hub's cache -----------------------------------------------------------------------------------------------------


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A base model in a cache of its own, and the configuration that names it; the hub is not asked."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    folder = write_base(tmp_path / "cache" / "models--org--tiny" / "snapshots" / COMMIT)
    files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    return {"source": "hub", "id": "org/tiny", "commit": COMMIT, "files": files}


def test_a_snapshot_is_the_folder_of_its_commit(cached: dict[str, Any], tmp_path: Path) -> None:
    folder = snapshot(cached)
    assert folder == tmp_path / "cache" / "models--org--tiny" / "snapshots" / COMMIT
    assert PublishedDirectory(folder).sha256 == cached["files"]["model.safetensors"]


def test_a_file_that_is_another_than_the_locks_is_refused(cached: dict[str, Any]) -> None:
    (snapshot(cached) / "tokenizer.json").write_text("{}")
    with pytest.raises(BadInputError, match=r"model org/tiny: tokenizer\.json at commit cccccccccccc has the digest "):
        snapshot(cached)


def test_a_file_that_cannot_be_had_is_refused(cached: dict[str, Any]) -> None:
    (snapshot(cached) / "tokenizer.json").unlink()
    count = len(cached["files"])
    with pytest.raises(
        BadInputError, match=rf"1 of {count} files of model org/tiny .* \(tokenizer\.json\): HF_HUB_OFF"
    ):
        snapshot(cached)
