"""Queries of a reasoning-gym family, the same on every machine, in splits that share no question.

Item i of a reasoning-gym dataset is a function of its seed plus i, so that neighbouring seeds share almost all items:
every split of every seed has ``SPACING`` seeds of its own. Answers are texts, and are compared exactly by a verifier of
this project; the package's own scorers, which give partial credit, are never called.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from annotated_types import Interval

from rftlab.data.queries import SPLITS, DataError, Query, Split, query_id
from rftlab.data.sources.procedural import SIZES, Sizes
from rftlab.errors import did_you_mean

RESERVED = ("seed", "size")  # of the package's own configurations; ours stand beside `parameters`
SPACING = 10_000_000
MOST = 1_000_000
"""Queries of a split at most; together with ``PATIENCE`` no split can reach the seeds of another."""

PATIENCE = 2_000
"""Items in a row that bring no new question before a family counts as exhausted."""

INSTALL = "pip install --no-deps -r envs/reasoning-gym.txt"


@dataclass(frozen=True)
class Source:
    """A reasoning-gym dataset, checked as far as it can be without the package: the family is not looked up."""

    family: str
    parameters: Mapping[str, Any]
    seed: int
    sizes: Mapping[str, int]

    @classmethod
    def parse(
        cls,
        /,
        family: str,
        parameters: Mapping[str, Any] | None = None,
        seed: Annotated[int, Interval(ge=0, lt=2**31)] = 0,
        sizes: Sizes = SIZES,
    ) -> Source:
        """From ``{"family", "parameters"?, "seed"?, "sizes"?}``.

        Raises:
            DataError: a parameter that stands elsewhere.
        """
        for key in RESERVED:
            if key in (parameters or {}):
                raise DataError(f"parameters.{key}: give seed and sizes beside family, not among its parameters")
        return cls(family, dict(parameters or {}), seed, dict(sizes))

    @property
    def splits(self) -> tuple[str, ...]:
        """Splits that are wanted."""
        return tuple(split for split in SPLITS if split in self.sizes)

    def read(self) -> dict[str, Split]:
        """Generate each split's distinct questions; one that a test or validation split has is in no later split.

        The test split comes first: its first k questions depend on the seed and the family alone.

        Raises:
            DataError: no such package, family or parameter, no answers that are texts, or too few questions.
        """
        questions: set[str] = set()
        splits = {split: _split(self, split, questions) for split in reversed(self.splits)}
        return {split: splits[split] for split in self.splits}


def check_installed() -> None:
    """Refuse where the package is not there.

    Raises:
        DataError: with the command that installs it.
    """
    if importlib.util.find_spec("reasoning_gym") is None:
        raise DataError(f"source: reasoning_gym needs a package that is not installed: {INSTALL}")


def _split(gym: Source, split: str, questions: set[str]) -> Split:
    size = gym.sizes[split]
    start = (len(SPLITS) * gym.seed + SPLITS.index(split)) * SPACING
    queries: list[Query] = []
    item = misses = 0
    while len(queries) < size:
        items = _items(gym, start + item, size)
        for entry in items:
            item += 1
            question = entry["question"].strip()
            if question in questions:
                misses += 1
                if misses == PATIENCE:
                    raise DataError(
                        f"sizes.{split}: {size} distinct queries wanted, {len(queries)} found: "
                        f"{gym.family} with these parameters has hardly more"
                    )
                continue
            questions.add(question)
            misses = 0
            queries.append(Query(query_id(question), question, entry["answer"].strip(), {"family": gym.family}))
            if len(queries) == size:
                break
    return Split(queries, item - size)


def _items(gym: Source, seed: int, size: int) -> list[dict[str, str]]:
    check_installed()
    import reasoning_gym

    known = list(reasoning_gym.factory.DATASETS)
    if gym.family not in known:
        raise DataError(f"family: reasoning-gym has no {gym.family!r}{did_you_mean(gym.family, known)}")
    try:
        dataset = reasoning_gym.create_dataset(gym.family, seed=seed, size=size, **gym.parameters)
        items = [dataset[i] for i in range(size)]
    except (TypeError, ValueError, AssertionError, KeyError, AttributeError) as error:  # each family checks its own way
        raise DataError(f"parameters: {gym.family} refuses {gym.parameters!r}: {error}") from None
    for entry in items:
        if not isinstance(entry["answer"], str) or not entry["answer"].strip():
            raise DataError(
                f"family: {gym.family} has no answers in text, so none can be compared exactly; take another"
            )
    return items
