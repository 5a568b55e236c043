"""A source is found by its name; what a configuration lacks or has too much is told in one line."""

from __future__ import annotations

import pytest

from rftlab.data.queries import DataError
from rftlab.data.sources import jsonl, names, procedural, source_of

FILES = {"train": "a"}
HUB = {"source": "hub", "id": "a", "commit": "c", "reader": "json", "options": {}}
ONE_OF = "one of hub, jsonl, parquet, procedural, reasoning_gym is needed"


def test_a_source_is_the_file_of_its_name() -> None:
    assert isinstance(source_of({"source": "jsonl", "files": {"test": "a"}}), jsonl.Source)
    assert isinstance(source_of({"source": "procedural", "family": "chains"}), procedural.Source)


@pytest.mark.parametrize("name", names())
def test_every_file_holds_a_source(name: str) -> None:
    with pytest.raises(DataError, match=f"^(files|family|id): Missing required argument, for {name}$"):
        source_of({"source": name})


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, f"source: {ONE_OF}, not None"),
        ({"source": "json"}, f"source: {ONE_OF}, not 'json' (did you mean 'jsonl'?)"),
        ({"source": "__init__"}, f"source: {ONE_OF}, not '__init__'"),
        ([], "a dataset is a mapping with a source, not []"),
        ({"source": "jsonl", "files": FILES, "feilds": {}}, "feilds: Unexpected keyword argument, for jsonl"),
        ({"source": "jsonl", "files": FILES, "cls": 1}, "cls: Unexpected keyword argument, for jsonl"),
        ({"source": "jsonl", "files": 3}, "files: Input should be a valid dictionary"),
        ({"source": "jsonl", "files": {}}, "files: Dictionary should have at least 1 item"),
        ({"source": "jsonl", "files": {"foo": "a"}}, "files.foo.[key]: Input should be 'train', 'validation'"),
        ({"source": "jsonl", "files": {"train": 3}}, "files.train: Input should be a valid string"),
        (
            {"source": "jsonl", "files": FILES, "fields": {"question": "q"}},
            "fields.question.[key]: Input should be 'query', 'answer'",
        ),
        ({"source": "jsonl", "files": FILES, "fields": {"query": []}}, "fields.query"),
        (
            {"source": "parquet", "files": FILES, "fields": {"answer": ["a"]}},
            "fields.answer: a field's name is needed, not ['a']",
        ),
        ({"source": "parquet", "files": FILES, "fields": {"choices": None}}, "fields.choices"),
        ({"source": "jsonl", "files": FILES, "limit": {"train": 0}}, "limit.train: Input should be greater than or"),
        ({"source": "jsonl", "files": FILES, "limit": {"train": "1"}}, "limit.train: Input should be a valid integer"),
        ({"source": "jsonl", "files": FILES, "limit": {"test": 1}}, "limit: no such split 'test'; there are train"),
        ({"source": "procedural", "family": "chains", "cls": 1}, "cls: no such key; chains has"),
        ({"source": "procedural", "family": "chains", "seed": None}, "seed: Input should be a valid integer"),
        ({"source": "procedural", "family": "chains", "seed": 1.5}, "seed: Input should be a valid integer"),
        ({"source": "procedural", "family": "chains", "sizes": {}}, "sizes: Dictionary should have at least 1 item"),
        (
            {"source": "procedural", "family": "chains", "sizes": {"train": True}},
            "sizes.train: Input should be a valid",
        ),
        ({"source": "procedural", "family": "chains", "sizes": {"train": -1}}, "sizes.train: Input should be greater"),
        ({"source": "reasoning_gym", "family": "a", "seed": -1}, "seed: Input should be greater than or equal to 0"),
        ({"source": "procedural", "family": "chain"}, "family: 'chain' is not one of chains, products"),
        ({**HUB, "splits": {"test": {"file": {}}}}, "splits.test: the hub's split and its files"),
        (
            {**HUB, "splits": {"test": {"split": "t", "files": {}}}},
            "splits.test: the hub's split and its files",
        ),
        ({**HUB, "splits": {"test": {"split": "t", "files": FILES}}, "limit": {"train": 1}}, "limit: no such split"),
    ],
    ids=str,
)
def test_what_is_no_configuration(config, message: str) -> None:
    with pytest.raises(DataError) as error:
        source_of(config)
    assert str(error.value).startswith(message)
    assert str(error.value).isprintable()
