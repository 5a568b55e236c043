"""Queries of a reasoning-gym family, the same on every machine, in splits that share no question.

Item i of a reasoning-gym dataset is a function of its seed plus i, so that neighbouring seeds share almost all items:
every split of every seed has ``SPACING`` seeds of its own. Answers are texts, and are compared exactly by a verifier of
this project; the package's own scorers, which give partial credit, are never called.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rftlab.data.families import is_integer
from rftlab.data.fields import Split, refuse_unknown
from rftlab.data.procedural import SIZES
from rftlab.data.queries import SPLITS, DataError, Query, query_id
from rftlab.errors import did_you_mean

KEYS = ("source", "family", "parameters", "seed", "sizes")
RESERVED = ("seed", "size")  # of the package's own configurations; ours stand beside `parameters`
SPACING = 10_000_000
MOST = 1_000_000
"""Queries of a split at most; together with ``PATIENCE`` no split can reach the seeds of another."""

PATIENCE = 2_000
"""Items in a row that bring no new question before a family counts as exhausted."""

INSTALL = "pip install --no-deps -r envs/reasoning-gym.txt"


@dataclass(frozen=True)
class Gym:
    """A reasoning-gym dataset's configuration, checked as far as it can be without the package."""

    family: str
    parameters: Mapping[str, Any]
    seed: int
    sizes: Mapping[str, int]


def parse(config: Mapping[str, Any]) -> Gym:
    """Check ``{"source": "reasoning_gym", "family", "parameters"?, "seed"?, "sizes"?}``; the family is not looked up.

    Raises:
        DataError: an unknown key or a value that cannot be; the message begins with the key.
    """
    refuse_unknown(config, KEYS, "")
    family, parameters = config.get("family"), config.get("parameters", {})
    seed, sizes = config.get("seed", 0), config.get("sizes", SIZES)
    if not isinstance(family, str) or not family:
        raise DataError(f"family: the name of a reasoning-gym family is needed, such as chain_sum, not {family!r}")
    if not isinstance(parameters, Mapping) or not all(isinstance(key, str) for key in parameters):
        raise DataError(f"parameters: the family's own settings by name are needed, not {parameters!r}")
    for key in RESERVED:
        if key in parameters:
            raise DataError(f"parameters.{key}: give seed and sizes beside family, not among its parameters")
    if not is_integer(seed) or not 0 <= seed < 2**31:
        raise DataError(f"seed: a whole number from 0 to {2**31 - 1} is needed, not {seed!r}")
    if not isinstance(sizes, Mapping) or not sizes:
        raise DataError(f"sizes: a number of queries for each split is needed, for instance {SIZES}, not {sizes!r}")
    refuse_unknown(sizes, SPLITS, "sizes.")
    for split, size in sizes.items():
        if not is_integer(size) or not 1 <= size <= MOST:
            raise DataError(f"sizes.{split}: a whole number from 1 to {MOST} is needed, not {size!r}")
    return Gym(family, dict(parameters), seed, dict(sizes))


def check_installed() -> None:
    """Refuse where the package is not there.

    Raises:
        DataError: with the command that installs it.
    """
    if importlib.util.find_spec("reasoning_gym") is None:
        raise DataError(f"source: reasoning_gym needs a package that is not installed: {INSTALL}")


def generate(config: Mapping[str, Any]) -> dict[str, Split]:
    """Generate each split's distinct questions; one that a test or validation split has is in no later split.

    The test split comes first: its first k questions depend on the seed and the family alone.

    Raises:
        DataError: as ``parse``; no such package, family or parameter, no answers that are texts, or too few questions.
    """
    gym = parse(config)
    taken: set[str] = set()
    splits = {}
    for split in reversed(SPLITS):
        if split in gym.sizes:
            splits[split] = _split(gym, split, taken)
    return {split: splits[split] for split in SPLITS if split in splits}


def _split(gym: Gym, split: str, taken: set[str]) -> Split:
    size = gym.sizes[split]
    start = (len(SPLITS) * gym.seed + SPLITS.index(split)) * SPACING
    queries: list[Query] = []
    item = misses = 0
    while len(queries) < size:
        items = _items(gym, start + item, size)
        for entry in items:
            item += 1
            question = entry["question"].strip()
            if question in taken:
                misses += 1
                if misses == PATIENCE:
                    raise DataError(
                        f"sizes.{split}: {size} distinct queries wanted, {len(queries)} found: "
                        f"{gym.family} with these parameters has hardly more"
                    )
                continue
            taken.add(question)
            misses = 0
            queries.append(Query(query_id(question), question, entry["answer"].strip(), {"family": gym.family}))
            if len(queries) == size:
                break
    return Split(queries, item - size, 0, [])


def _items(gym: Gym, seed: int, size: int) -> list[dict[str, str]]:
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
