"""Splits of a reasoning-gym family share no item and no question, whatever the package would do with their seeds."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import itertools
import random
import sys
import types

import pytest

from rftlab.data.queries import DataError, Query, check_overlap
from rftlab.data.sources import source_of

SUMS = {"source": "reasoning_gym", "family": "sums", "sizes": {"train": 40, "validation": 10, "test": 20}}


def load(config) -> dict[str, list[Query]]:
    return {name: split.queries for name, split in source_of(config).read().items()}


class Items:
    """Item i is a function of seed + i, as in the package."""

    def __init__(self, name: str, seed: int, size: int, most: int = 999, kind: str = "text") -> None:
        assert most > 0, "most must be positive"
        self.seed, self.size, self.most, self.kind, self.seen = seed, size, most, kind, []
        ASKED.append((seed, size))

    def __getitem__(self, i: int) -> dict[str, object]:
        rng = random.Random(self.seed + i)
        left, right = rng.randint(0, self.most), rng.randint(0, self.most)
        return {"question": f" {left}+{right}? ", "answer": None if self.kind == "none" else f" {left + right}"}


ASKED: list[tuple[int, int]] = []


@pytest.fixture
def _package(monkeypatch) -> None:
    """A stand-in for the package: its own families take seconds to import, and it is no part of the environment."""
    package = types.ModuleType("reasoning_gym")
    package.__spec__ = importlib.machinery.ModuleSpec("reasoning_gym", None)
    package.factory = types.SimpleNamespace(DATASETS={"sums": Items, "nothing": Items})
    package.create_dataset = Items
    monkeypatch.setitem(sys.modules, "reasoning_gym", package)
    ASKED.clear()


@pytest.mark.usefixtures("_package")
def test_splits_are_distinct_and_the_same_each_time() -> None:
    splits = load(SUMS)
    assert list(source_of(SUMS).splits) == list(splits) == ["train", "validation", "test"]
    assert {name: len(queries) for name, queries in splits.items()} == SUMS["sizes"]
    texts = [query.query for queries in splits.values() for query in queries]
    assert len(set(texts)) == len(texts)
    assert all(sum(map(int, q.query.rstrip("?").split("+"))) == int(q.answer) for q in splits["train"])
    assert check_overlap(splits["train"], splits["test"]).normalised == 0
    assert load(SUMS) == splits


@pytest.mark.usefixtures("_package")
def test_no_two_splits_or_seeds_are_asked_for_the_same_items() -> None:
    for seed in (0, 1, 2):
        load({**SUMS, "seed": seed})
    spans = sorted((start, start + size) for start, size in ASKED)
    assert len(spans) == 9
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(spans))


@pytest.mark.usefixtures("_package")
def test_the_test_split_does_not_depend_on_the_size_of_the_others() -> None:
    few = {**SUMS, "parameters": {"most": 9}, "sizes": {"train": 20, "test": 20}}
    more = {**few, "sizes": {"train": 60, "test": 20}}
    assert load(few)["test"] == load(more)["test"]
    train, test = load(more)["train"], load(more)["test"]
    assert check_overlap(train, test).exact == 0
    assert load(more)["train"][:20] == load(few)["train"]


@pytest.mark.usefixtures("_package")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"family": "sum"}, "family: reasoning-gym has no 'sum' (did you mean 'sums'?)"),
        ({"parameters": {"least": 3}}, "parameters: sums refuses {'least': 3}: "),
        ({"parameters": {"most": -1}}, "parameters: sums refuses {'most': -1}: most must be positive"),
        ({"parameters": {"kind": "none"}}, "family: sums has no answers in text, so none can be compared exactly"),
        ({"parameters": {"most": 1}}, "sizes.train: 40 distinct queries wanted, 0 found"),
    ],
    ids=str,
)
def test_what_the_package_cannot_make(change, message: str) -> None:
    with pytest.raises(DataError) as error:
        load({**SUMS, "sizes": {"train": 40, "test": 4}, **change})
    assert str(error.value).startswith(message)


@pytest.mark.parametrize("key", ["seed", "size"])
def test_what_stands_beside_the_parameters_is_none_of_them(key: str) -> None:
    with pytest.raises(DataError, match=f"parameters.{key}: give seed and sizes beside family"):
        source_of({**SUMS, "parameters": {key: 1}})


def test_without_the_package_the_command_is_named(monkeypatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DataError, match=r"not installed: pip install --no-deps -r envs/reasoning-gym.txt"):
        load(SUMS)


@pytest.mark.skipif(importlib.util.find_spec("reasoning_gym") is None, reason="needs envs/reasoning-gym.txt")
def test_the_real_package() -> None:
    config = {"source": "reasoning_gym", "family": "chain_sum", "sizes": {"train": 50, "test": 20}}
    splits = load(config)
    assert check_overlap(splits["train"], splits["test"]).normalised == 0
    assert all(query.answer.lstrip("-").isdigit() for query in splits["train"])
    assert load({**config, "seed": 1})["train"] != splits["train"]
