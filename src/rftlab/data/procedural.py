"""Procedural datasets: distinct queries of one family, in splits that no other procedural dataset's splits overlap."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rftlab.data.families import FAMILIES, Family, is_integer
from rftlab.data.queries import SPLITS, DataError, Query, split_of
from rftlab.errors import did_you_mean

SIZES = {"train": 512, "validation": 100, "test": 150}
PATIENCE = 50_000
"""Draws in a row that bring no new query before a family counts as exhausted; about half a second."""


@dataclass(frozen=True)
class Procedural:
    """A procedural dataset's configuration, checked."""

    family: Family
    seed: int
    sizes: Mapping[str, int]


def parameters(family: object) -> dict[str, tuple[str, Any]]:
    """Return a family's parameters as ``{key: (type, default)}``.

    Raises:
        DataError: there is no such family.
    """
    if not isinstance(family, str) or family not in FAMILIES:
        hint = did_you_mean(str(family), [*FAMILIES])
        raise DataError(f"family: {family!r} is not one of {', '.join(FAMILIES)}{hint}")
    return {field.name: (str(field.type), field.default) for field in dataclasses.fields(FAMILIES[family])}


def parse(config: Mapping[str, Any]) -> Procedural:
    """Check ``{"source": "procedural", "family", "seed", "sizes", **parameters of the family}``.

    ``seed`` is 0 and ``sizes`` are ``SIZES`` unless given; a split that ``sizes`` leaves out is not generated.

    Raises:
        DataError: an unknown key or a value that cannot be; the message begins with the key.
    """
    if "family" not in config:
        raise DataError(f"family: one of {', '.join(FAMILIES)} is needed")
    known = [*parameters(config["family"])]
    given = {key: value for key, value in config.items() if key not in ("source", "family", "seed", "sizes")}
    for key in given:
        if key not in known:
            valid = ["seed", "sizes", *known]
            raise DataError(
                f"{key}: no such key; {config['family']} has {', '.join(valid)}{did_you_mean(str(key), valid)}"
            )
    seed, sizes = config.get("seed", 0), config.get("sizes", SIZES)
    if not is_integer(seed):
        raise DataError(f"seed: a whole number is needed, not {seed!r}")
    if not isinstance(sizes, Mapping) or not sizes:
        raise DataError(f"sizes: a number of queries for each split is needed, for instance {SIZES}, not {sizes!r}")
    for split, size in sizes.items():
        if split not in SPLITS:
            raise DataError(f"sizes.{split}: no such split; there are {', '.join(SPLITS)}")
        if not is_integer(size) or size < 1:
            raise DataError(f"sizes.{split}: a whole number of at least 1 is needed, not {size!r}")
    if isinstance(given.get("terms"), list):  # YAML and JSON know no tuples
        given["terms"] = tuple(given["terms"])
    return Procedural(FAMILIES[config["family"]](**given), seed, dict(sizes))


def charset(config: Mapping[str, Any]) -> str:
    """Return every character that a dataset's queries and solutions can hold, sorted; raises as ``parse``."""
    return parse(config).family.charset()


def stream(family: Family, split: str, rng: random.Random) -> Iterator[Query]:
    """Draw queries of one split for ever, repetitions included; for training a base model.

    Raises:
        DataError: ``PATIENCE`` draws in a row hold none of that split.
    """
    while True:
        for _ in range(PATIENCE):
            query = family.draw(rng)
            if split_of(query.query) == split:
                yield query
                break
        else:
            raise DataError(f"{family.name}: no query of split {split} found in {PATIENCE} draws")


def generate(config: Mapping[str, Any]) -> dict[str, list[Query]]:
    """Generate the distinct queries of each split, the same on every machine.

    A larger size only appends: the first k queries of a split depend on the seed and the family alone.

    Raises:
        DataError: as ``parse``; or a split for which the family cannot give as many distinct queries.
    """
    dataset = parse(config)
    rng = random.Random(dataset.seed)
    found: dict[str, dict[str, Query]] = {split: {} for split in SPLITS if split in dataset.sizes}
    misses = 0
    while short := [split for split in found if len(found[split]) < dataset.sizes[split]]:
        query = dataset.family.draw(rng)
        split = split_of(query.query)
        if split in short and query.query not in found[split]:
            found[split][query.query] = query
            misses = 0
        elif (misses := misses + 1) == PATIENCE:
            split = short[0]
            raise DataError(
                f"sizes.{split}: {dataset.sizes[split]} distinct queries wanted, {len(found[split])} found: "
                f"{dataset.family.name} with these parameters has no more"
            )
    return {split: list(queries.values()) for split, queries in found.items()}
