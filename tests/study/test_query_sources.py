"""Every source of queries: what its section refuses, in one line with the key, and what the data stage is given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rftlab.data.sources import names, source_of
from rftlab.study.owners import verifier_of
from rftlab.study.query_sources import SOURCES, GymSource, HubSource, JsonlSource, ProceduralSource
from rftlab.study.sources import source_name
from studies import changed, planned, refusal

JSONL = {"source": "jsonl", "files": {"train": "a.jsonl", "test": "b.jsonl"}}
GYM = {"source": "reasoning_gym", "family": "chain_sum"}
HUB = {"source": "hub", "id": "openai/gsm8k", "splits": {"train": "train"}}
CHAINS = {"source": "procedural", "family": "chains"}


def test_every_section_has_its_file_and_every_file_its_section() -> None:
    assert sorted(map(source_name, SOURCES)) == names()


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        (
            {"source": "csv"},
            ": source: one of 'procedural', 'reasoning_gym', 'jsonl', 'parquet', 'hub' is needed, not 'csv'",
        ),
        ({"source": "jsonl"}, ".files: this key is needed"),
        (JSONL | {"files": {}}, ".files: at least 1 entry is needed, not {}"),
        (JSONL | {"files": {"dev": "a"}}, ".files: no such split 'dev'; there are train, validation, test"),
        (
            JSONL | {"files": {"trian": "a"}},
            ".files: no such split 'trian'; there are train, validation, test (did you",
        ),
        (JSONL | {"files": {"train": 3}}, ".files.train: a text is needed, not 3"),
        (JSONL | {"files": {"train": ""}}, ".files.train: a text that is not empty is needed, not ''"),
        (JSONL | {"feilds": {}}, ": unknown key 'feilds'; valid keys: "),
        (JSONL | {"fields": ["q"]}, ".fields: a mapping is needed, not ['q']"),
        (JSONL | {"fields": {"question": "q"}}, ".fields: unknown key 'question'; valid keys: query, answer, choices"),
        (JSONL | {"fields": {"query": []}}, ".fields.query: a field's name, or a list of them, is needed, not []"),
        (JSONL | {"fields": {"choices": ["a", 1]}}, ".fields.choices: a field's name, or a list of them, is needed"),
        (JSONL | {"fields": {"answer": ["a"]}}, ".fields.answer: a text is needed, not ['a']"),
        (JSONL | {"fields": {"answer": ""}}, ".fields.answer: a text that is not empty is needed, not ''"),
        (JSONL | {"limit": 5}, ".limit: a mapping is needed, not 5"),
        (JSONL | {"limit": {"validation": 5}}, ": limit: no such split 'validation'; there are train, test"),
        (JSONL | {"limit": {"train": 0}}, ".limit.train: at least 1 is needed, not 0"),
        (CHAINS | {"seed": "0"}, ".seed: a whole number is needed, not '0'"),
        (CHAINS | {"sizes": {}}, ".sizes: at least 1 entry is needed, not {}"),
        (CHAINS | {"sizes": 5}, ".sizes: a mapping is needed, not 5"),
        (CHAINS | {"sizes": {"test": 2_000_000}}, ".sizes.test: at most 1000000 is needed, not 2000000"),
        (CHAINS | {"family": "chain"}, ": family: 'chain' is not one of chains, products (did you mean 'chains'?)"),
        (CHAINS | {"term": [3]}, ": term: no such key; chains has seed, sizes, terms, "),
        (CHAINS | {"terms": "3"}, ": terms: a list of whole numbers is needed"),
        ({"source": "procedural"}, ".family: this key is needed"),
        (GYM | {"family": 3}, ".family: a text is needed, not 3"),
        (GYM | {"terms": 3}, ": unknown key 'terms'; valid keys: "),
        (GYM | {"parameters": [3]}, ".parameters: a mapping is needed, not [3]"),
        (GYM | {"parameters": {"seed": 1}}, ": parameters.seed: give seed and sizes beside family"),
        (GYM | {"seed": -1}, ".seed: at least 0 is needed, not -1"),
        (GYM | {"seed": 2**31}, ".seed: less than 2147483648 is needed"),
        (GYM | {"sizes": {"dev": 1}}, ".sizes: no such split 'dev'"),
        (HUB | {"id": "a/b/c"}, ": id: 'a/b/c' cannot be a repository; an id such as openai/gsm8k is needed"),
        (HUB | {"splits": {"dev": "train"}}, ".splits: no such split 'dev'"),
        (HUB | {"limit": {"test": 3}}, ": limit: no such split 'test'; there are train"),
    ],
    ids=str,
)
def test_what_is_refused(tmp_path: Path, dataset: dict[str, Any], message: str) -> None:
    line = refusal(tmp_path, changed(("datasets/other", dataset)))
    assert line.startswith(f"datasets.other{message}")


def test_the_data_stage_is_given_what_the_study_says_and_no_default_of_the_schema() -> None:
    assert JsonlSource(**JSONL).content() == JSONL
    fields = {"query": ["a", "b"], "choices": "c"}
    mapped = JsonlSource(**JSONL, fields=fields, limit={"test": 3})
    assert mapped.content() == {**JSONL, "fields": fields, "limit": {"test": 3}}
    sizes = {"train": 512, "validation": 100, "test": 150}
    assert ProceduralSource(**CHAINS).content() == {**CHAINS, "sizes": sizes}
    assert ProceduralSource(**CHAINS, seed=0, terms=[2]).content() == {
        **CHAINS,
        "sizes": sizes,
        "seed": 0,
        "terms": [2],
    }
    assert GymSource(**GYM).content() == {**GYM, "parameters": {}, "seed": 0, "sizes": sizes}


def test_keys_of_a_dataset_are_not_the_data_stages() -> None:
    dataset = planned(("datasets/chains/verifier", "numeric"), ("datasets/chains/terms", [2])).study.datasets["chains"]
    assert dataset.content() == {**CHAINS, "terms": [2], "sizes": {"train": 8, "validation": 4, "test": 4}}


@pytest.mark.parametrize("source", [JsonlSource(**JSONL), ProceduralSource(**CHAINS), GymSource(**GYM)], ids=str)
def test_splits_are_those_of_the_file_that_reads_it(source) -> None:
    assert source.split_names == source_of(source.content()).splits


def test_a_source_of_the_hub_has_splits_without_a_lock() -> None:
    assert HubSource(**HUB | {"splits": {"test": "test", "train": "train"}}).split_names == ("train", "test")


@pytest.mark.parametrize(
    ("edits", "verifier"),
    [
        ([], "marked"),
        ([("datasets/chains/verifier", "numeric")], "numeric"),
    ],
    ids=str,
)
def test_the_verifier_of_answers(edits, verifier: str) -> None:
    study = planned(*edits).study
    assert verifier_of(study, study.datasets["chains"]) == verifier
    assert verifier_of(study, study.evaluation_sets["chains_test"]) == verifier


def test_answers_are_letters_where_there_are_choices() -> None:
    assert JsonlSource(**JSONL).verifier_of_answers is None
    assert JsonlSource(**JSONL, fields={"choices": "c"}).verifier_of_answers == "choice"
    assert GymSource(**GYM).verifier_of_answers == "exact"
