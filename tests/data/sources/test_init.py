"""A source is found by its name; what a configuration lacks or has too much is told in one line."""

from __future__ import annotations

import pytest

from rftlab.data.queries import DataError
from rftlab.data.sources import jsonl, names, procedural, source_of

ONE_OF = "one of hub, jsonl, parquet, procedural, reasoning_gym is needed"


def test_a_source_is_the_file_of_its_name() -> None:
    assert isinstance(source_of({"source": "jsonl", "files": {"test": "a"}}), jsonl.Source)
    assert isinstance(source_of({"source": "procedural", "family": "chains"}), procedural.Source)


@pytest.mark.parametrize("name", names())
def test_every_file_holds_a_source(name: str) -> None:
    with pytest.raises(DataError, match=f"not the configuration of a dataset from {name}: .*missing"):
        source_of({"source": name})


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, f"source: {ONE_OF}, not None"),
        ({"source": "json"}, f"source: {ONE_OF}, not 'json' (did you mean 'jsonl'?)"),
        ({"source": "__init__"}, f"source: {ONE_OF}, not '__init__'"),
        ([], "a dataset is a mapping with a source, not []"),
        ({"source": "jsonl", "files": {}, "feilds": {}}, "not the configuration of a dataset from jsonl: "),
        ({"source": "jsonl", "files": 3}, "not the configuration of a dataset from jsonl: "),
        ({"source": "jsonl", "files": {"train": 3}}, "not the configuration of a dataset from jsonl: "),
        (
            {"source": "jsonl", "files": {}, "fields": {"question": "q"}},
            "not the configuration of a dataset from jsonl",
        ),
        ({"source": "procedural", "family": "chain"}, "family: 'chain' is not one of chains, products"),
        ({"source": "hub", "id": "a", "splits": {"test": {"file": {}}}}, "not the configuration of a dataset from hub"),
    ],
    ids=str,
)
def test_what_is_no_configuration(config, message: str) -> None:
    with pytest.raises(DataError) as error:
        source_of(config)
    assert str(error.value).startswith(message)
    assert str(error.value).isprintable()
