"""Files that weights are split into: as an index lists them, and beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rftlab.errors import BadInputError
from rftlab.policies.weights import INDEX, shards


def index(folder: Path, weight_map: Any) -> Path:
    (folder / INDEX).write_text(json.dumps({"metadata": {"total_size": 8}, "weight_map": weight_map}))
    return folder


def test_every_file_is_named_once_in_order(tmp_path: Path) -> None:
    first, second = (f"model-{number:05d}-of-00002.safetensors" for number in (1, 2))
    assert shards(index(tmp_path, {"a": second, "b": first, "c": second})) == [first, second]


@pytest.mark.parametrize("name", ["../model.safetensors", "sub/model.safetensors", "/model.safetensors", "."])
def test_files_elsewhere_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInputError) as error:
        shards(index(tmp_path, {"a": "model-00001-of-00002.safetensors", "b": name}))
    assert str(error.value) == f"{tmp_path / INDEX} is no index of weights: names of files beside it are needed"


@pytest.mark.parametrize("weight_map", [{}, {"a": 3}, {"a": None}, {"a": []}, [], "model.safetensors", None])
def test_a_map_of_no_files_is_refused(tmp_path: Path, weight_map: Any) -> None:
    with pytest.raises(BadInputError) as error:
        shards(index(tmp_path, weight_map))
    assert str(error.value).startswith(f"{tmp_path / INDEX} is no index of weights: ")
    assert str(error.value).isprintable()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"3", b"{}", b"\xff\xfe"])
def test_what_is_no_index_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / INDEX).write_bytes(content)
    with pytest.raises(BadInputError) as error:
        shards(tmp_path)
    assert str(error.value).startswith(f"{tmp_path / INDEX} is no index of weights: ")
    assert str(error.value).isprintable()
