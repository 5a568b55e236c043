"""Procedural datasets: distinct queries of one family, in splits that no other procedural dataset's splits overlap."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from annotated_types import MinLen

from rftlab.data.families import FAMILIES, Family
from rftlab.data.queries import SPLITS, BySplit, DataError, Query, Split, split_of
from rftlab.errors import did_you_mean

Sizes = Annotated[BySplit, MinLen(1)]
SIZES: Sizes = {"train": 512, "validation": 100, "test": 150}
PATIENCE = 50_000
"""Draws in a row that bring no new query before a family counts as exhausted; about half a second."""


@dataclass(frozen=True)
class Source:
    """A procedural dataset: a family of tasks, a seed, and how many distinct queries of each split are wanted."""

    family: Family
    seed: int
    sizes: Mapping[str, int]

    @classmethod
    def parse(cls, /, family: str, seed: int = 0, sizes: Sizes = SIZES, **parameters: Any) -> Source:
        """From ``{"family", "seed"?, "sizes"?, **parameters of the family}``; a split not in ``sizes`` is not made.

        Raises:
            DataError: an unknown family or parameter, or a value that cannot be; the message begins with the key.
        """
        return cls(family_of(family, **parameters), seed, dict(sizes))

    @property
    def splits(self) -> tuple[str, ...]:
        """Splits that are wanted."""
        return tuple(split for split in SPLITS if split in self.sizes)

    def read(self) -> dict[str, Split]:
        """Generate the distinct queries of each split, the same on every machine.

        A larger size only appends: the first k queries of a split depend on the seed and the family alone.

        Raises:
            DataError: a split for which the family cannot give as many distinct queries.
        """
        rng = random.Random(self.seed)
        distinct: dict[str, dict[str, Query]] = {split: {} for split in self.splits}
        misses = 0
        while short := [split for split in distinct if len(distinct[split]) < self.sizes[split]]:
            query = self.family.draw(rng)
            split = split_of(query.query)
            if split in short and query.query not in distinct[split]:
                distinct[split][query.query] = query
                misses = 0
            elif (misses := misses + 1) == PATIENCE:
                split = short[0]
                raise DataError(
                    f"sizes.{split}: {self.sizes[split]} distinct queries wanted, {len(distinct[split])} found: "
                    f"{self.family.name} with these parameters has no more"
                )
        return {split: Split(list(queries.values())) for split, queries in distinct.items()}


def parameters(family: object) -> dict[str, tuple[str, Any]]:
    """Return a family's parameters as ``{key: (type, default)}``.

    Raises:
        DataError: there is no such family.
    """
    if not isinstance(family, str) or family not in FAMILIES:
        hint = did_you_mean(str(family), [*FAMILIES])
        raise DataError(f"family: {family!r} is not one of {', '.join(FAMILIES)}{hint}")
    return {field.name: (str(field.type), field.default) for field in dataclasses.fields(FAMILIES[family])}


def family_of(family: str, **settings: Any) -> Family:
    """A family with these parameters, the others being its defaults.

    Raises:
        DataError: an unknown family or parameter, or a value that cannot be; the message begins with the key.
    """
    known = [*parameters(family)]
    for key in settings:
        if key not in known:
            valid = ["seed", "sizes", *known]
            raise DataError(f"{key}: no such key; {family} has {', '.join(valid)}{did_you_mean(str(key), valid)}")
    if isinstance(settings.get("terms"), list):  # YAML and JSON know no tuples
        settings["terms"] = tuple(settings["terms"])
    return FAMILIES[family](**settings)


def configured_family(config: Mapping[str, Any]) -> Family:
    """The family of tasks in a procedural dataset's configuration."""
    return Source.parse(**{key: value for key, value in config.items() if key != "source"}).family


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
