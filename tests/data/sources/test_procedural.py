import itertools
import random

import pytest

from rftlab.data.families import Chains
from rftlab.data.queries import DataError, Query, split_of
from rftlab.data.sources import procedural, source_of
from rftlab.data.sources.procedural import configured_family, family_of, parameters, stream

CONFIGS = [
    {"source": "procedural", "family": "chains"},
    {"source": "procedural", "family": "chains", "terms": [2, 3, 4], "seed": 1},
    {"source": "procedural", "family": "chains", "form": "words", "sizes": {"train": 50, "test": 20}},
    {"source": "procedural", "family": "products", "seed": 5},
]


def generate(config) -> dict[str, list[Query]]:
    return {name: split.queries for name, split in source_of({"source": "procedural", **config}).read().items()}


@pytest.mark.parametrize("config", CONFIGS)
def test_sizes_are_met_by_distinct_queries_of_their_split(config) -> None:
    splits = generate(config)
    assert {split: len(queries) for split, queries in splits.items()} == config.get("sizes", procedural.SIZES)
    for split, queries in splits.items():
        assert len({query.query for query in queries}) == len({query.id for query in queries}) == len(queries)
        assert {split_of(query.query) for query in queries} == {split}


def test_splits_are_disjoint_across_datasets() -> None:
    datasets = [generate(config) for config in CONFIGS]
    shared = 0
    for one, other in itertools.product(datasets, repeat=2):
        texts = {query.query for query in one["train"]}
        assert not texts & {query.query for query in other["test"]}
        shared += one is not other and len(texts & {query.query for query in other["train"]})
    assert shared > 0  # the same task does occur in several datasets: the property is not empty


@pytest.mark.parametrize("config", CONFIGS)
def test_generation_repeats(config) -> None:
    assert generate(config) == generate(config)


def test_seeds_differ() -> None:
    one, other = (generate({"family": "chains", "terms": [4], "seed": seed})["train"] for seed in (0, 1))
    assert len({q.id for q in one} & {q.id for q in other}) < len(one) / 10


def test_a_larger_size_or_another_split_only_appends() -> None:
    small = generate({"family": "chains", "sizes": {"train": 40}})
    large = generate({"family": "chains", "sizes": {"train": 80, "validation": 60, "test": 5}})
    assert large["train"][:40] == small["train"]
    assert list(large) == ["train", "validation", "test"]


def test_golden_dataset() -> None:
    queries = generate({"family": "chains", "sizes": {"train": 3}})["train"]
    assert [query.query for query in queries] == ["1-1+5=", "4+2+3=", "7+1+1="]


def test_all_of_a_small_family_can_be_had_and_not_one_more(monkeypatch) -> None:
    monkeypatch.setattr(procedural, "PATIENCE", 3000)
    family = {"family": "chains", "terms": [2], "operators": "+"}
    texts = [f"{a}+{b}=" for a in range(10) for b in range(10)]
    train = [text for text in texts if split_of(text) == "train"]
    splits = generate({**family, "sizes": {"train": len(train)}})
    assert {query.query for query in splits["train"]} == set(train)
    with pytest.raises(DataError) as error:
        generate({**family, "sizes": {"train": len(train) + 1, "test": 1}})
    assert str(error.value) == (
        f"sizes.train: {len(train) + 1} distinct queries wanted, {len(train)} found: "
        "chains with these parameters has no more"
    )


def test_a_stream_stays_in_its_split() -> None:
    drawn = list(itertools.islice(stream(Chains(terms=(2,)), "train", random.Random(0)), 500))
    assert {split_of(query.query) for query in drawn} == {"train"}
    assert len({query.query for query in drawn}) < 500  # repetitions included


def test_a_stream_of_nothing_ends_with_an_error(monkeypatch) -> None:
    monkeypatch.setattr(procedural, "PATIENCE", 50)
    only = Chains(terms=(2,), operators="+", low=1, high=1)
    other = "train" if split_of("1+1=") != "train" else "test"
    with pytest.raises(DataError, match=f"no query of split {other} found"):
        next(stream(only, other, random.Random(0)))


def test_parameters_are_listed_with_type_and_default() -> None:
    assert parameters("chains") == {
        "terms": ("tuple[int, ...]", (3,)),
        "low": ("int", 0),
        "high": ("int", 9),
        "form": ("str", "symbols"),
        "operators": ("str", "+-"),
        "negatives": ("bool", False),
    }
    assert set(parameters("products")) == {"terms", "low", "high", "form"}


def test_defaults_and_the_family_alone() -> None:
    source = source_of({"source": "procedural", "family": "chains"})
    assert source == procedural.Source(Chains(), 0, procedural.SIZES)
    assert source.splits == ("train", "validation", "test")
    assert configured_family({"source": "procedural", "family": "chains", "seed": 3, "terms": [2]}) == Chains((2,))


def test_splits_are_those_with_a_size_in_one_order() -> None:
    assert procedural.Source.parse("chains", sizes={"test": 1, "train": 1}).splits == ("train", "test")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"family": "chain"}, "family: 'chain' is not one of chains, products (did you mean 'chains'?)"),
        ({"family": ["chains"]}, "family: ['chains'] is not one of"),
        ({"family": "chains", "term": [3]}, "term: no such key; chains has seed, sizes, terms, "),
        ({"family": "products", "operators": "+"}, "operators: no such key; products has"),
        ({"family": "chains", "terms": "3"}, "terms: a list of whole numbers is needed"),
    ],
)
def test_a_wrong_family_is_refused_in_one_line_that_begins_with_the_key(config, message: str) -> None:
    with pytest.raises(DataError) as error:
        family_of(**config)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)
