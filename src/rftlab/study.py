"""From a study file to its variants and runs: everything that can be wrong is found here, before any job runs."""

from __future__ import annotations

import copy
import functools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from rftlab import levels
from rftlab.checks import check_data, check_names
from rftlab.errors import BadInputError
from rftlab.schema import Baseline, Every, Named, Study

AGAIN = "again"
AGAIN_SEED = 2**31  # a study's own seeds are smaller: the A/A variant never shares one
NAMED = {
    ("advantage",): "advantages",
    ("objective", "ratio"): "objectives.ratio",
    ("objective", "aggregation"): "objectives.aggregation",
}
SOURCE_TAGS = {"tiny", "gguf", "directory", "procedural", "jsonl", "dataset"}


@dataclass(frozen=True)
class Variant:
    """The baseline with one level applied, or the baseline itself; ``config`` is the resolved baseline section."""

    name: str
    factor: str | None
    level: str | None
    relative_to: str | None
    overrides: Mapping[str, Any]
    config: Mapping[str, Any]

    @property
    def rollouts_per_round(self) -> int:
        """B·(n + m)."""
        rollout = self.config["rollout"]
        return int(rollout["queries"] * (rollout["rollouts"] + rollout["statistics_rollouts"]))

    def rounds(self, study: Study) -> int | None:
        """Rounds the study's budget allows; None where only the run itself can tell (a budget in tokens)."""
        if study.budget.rollouts is not None:
            return math.ceil(study.budget.rollouts / self.rollouts_per_round)
        return study.budget.rounds

    def checkpoint_every(self, every: Every) -> int:
        """Rounds between checkpoints."""
        return every.rounds or math.ceil((every.rollouts or 0) / self.rollouts_per_round)


@dataclass(frozen=True)
class Run:
    """base model × dataset × variant × seed: one training."""

    model: str
    dataset: str
    variant: Variant
    seed: int

    @property
    def random_seed(self) -> int:
        """Seed of query order, sampling and random rewards: the A/A variant has its own."""
        return self.seed + (AGAIN_SEED if self.variant.name == AGAIN else 0)

    @property
    def path(self) -> str:
        """Where its files are, below ``runs`` and ``evaluations``."""
        return f"{self.model}/{self.dataset}/{self.variant.name}/seed-{self.seed}"


def read_study(config: Mapping[str, Any], files: Sequence[str]) -> Study:
    """Validate a study given as Snakemake's merged configuration; ``files`` are named in messages.

    Raises:
        BadInputError: the first thing that is wrong, as ``file: key: what is wrong and what would be valid``.
    """
    where = ", ".join(str(file) for file in files) or "study"
    for file in files:
        refuse_duplicate_keys(Path(file))
    try:
        study = Study.model_validate(dict(config))
        check_names(study)
        variants(study)
        check_data(study)
    except ValidationError as error:
        raise BadInputError(f"{where}: {first_error(error)}") from None
    except (BadInputError, ValueError) as error:
        raise BadInputError(f"{where}: {error}") from None
    return study


def variants(study: Study) -> dict[str, Variant]:
    """The baseline, the A/A variant where the study has one, and every level, by name.

    Raises:
        BadInputError: a level is not valid, overrides nothing or is compared with something that is not there.
    """
    reference = resolve(study.baseline.model_dump(), "baseline")
    found = {"baseline": Variant("baseline", None, None, None, {}, reference)}
    if study.noise_floor:
        found[AGAIN] = Variant(AGAIN, "noise_floor", AGAIN, "baseline", {}, reference)
    for factor, level, entry in each_level(study):
        key = f"factors.{factor}.{level}"
        relative_to = entry.get("relative_to", "baseline")
        overrides = {k: v for k, v in entry.items() if k != "relative_to"}
        config = resolve(apply(study.baseline.model_dump(), overrides, key), key)
        found[f"{factor}/{level}"] = Variant(f"{factor}/{level}", factor, level, relative_to, overrides, config)
    for name, variant in found.items():
        if variant.factor is None or name == AGAIN:
            continue
        key = f"factors.{variant.factor}.{variant.level}"
        if variant.relative_to not in found or variant.relative_to in (name, AGAIN):
            others = [other for other in found if other not in (name, AGAIN)]
            hint = levels.did_you_mean(str(variant.relative_to), others)
            raise BadInputError(f"{key}.relative_to: {variant.relative_to!r} is not one of {', '.join(others)}{hint}")
        if variant.config == found[str(variant.relative_to)].config:
            raise BadInputError(
                f"{key}: the level overrides nothing: it is the same configuration as {variant.relative_to}"
            )
    return found


def each_level(study: Study) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Factor, level and entry of every level of a study, in its order."""
    for factor, entries in study.factors.items():
        for level, entry in entries.items():
            yield factor, level, entry


def apply(config: dict[str, Any], overrides: Mapping[str, Any], key: str) -> dict[str, Any]:
    """A copy of the baseline section with dotted overrides applied."""
    if not overrides:
        raise BadInputError(
            f"{key}: the level overrides nothing; give dotted keys of the baseline, as in `optimizer.lr: 1.0e-4`"
        )
    changed = copy.deepcopy(config)
    for dotted, value in overrides.items():
        *parents, last = str(dotted).split(".")
        section: Any = changed
        for depth, parent in enumerate(parents):
            if not isinstance(section, dict) or not isinstance(section.get(parent), dict):
                known = [k for k, v in section.items() if isinstance(v, dict)] if isinstance(section, dict) else []
                raise BadInputError(
                    f"{key}: {dotted}: unknown key {'.'.join(parents[: depth + 1])!r}; valid keys: {', '.join(known)}"
                    f"{levels.did_you_mean(parent, known)}"
                )
            section = section[parent]
        section[last] = value
    return changed


def resolve(config: dict[str, Any], key: str) -> dict[str, Any]:
    """The complete configuration of a variant: validated, with every default of the levels it names.

    Raises:
        BadInputError: a value is not valid, a level does not exist, or the combination is impossible.
    """
    try:
        resolved = Baseline.model_validate(config).model_dump()
    except ValidationError as error:
        raise BadInputError(f"{key}: {first_error(error)}") from None
    for path, kind in NAMED.items():
        *parents, last = path
        section = functools.reduce(lambda node, name: node[name], parents, resolved)
        section[last] = with_defaults(kind, Named(**section[last]), f"{key}: {'.'.join(path)}")
    estimator = resolved["objective"]["kl"]["estimator"]
    if estimator not in levels.names("objectives.kl"):
        raise BadInputError(
            f"{key}: objective.kl.estimator: {estimator!r} is not one of {', '.join(levels.names('objectives.kl'))}"
        )
    rollout, advantage = resolved["rollout"], resolved["advantage"]["name"]
    constants = levels.read("advantages", advantage).constants
    sampled = rollout["rollouts"] + rollout["statistics_rollouts"]
    if sampled < (minimum := constants.get("MINIMUM_ROLLOUTS", 1)):
        needed = f"rollout.rollouts + rollout.statistics_rollouts ≥ {minimum}"
        raise BadInputError(f"{key}: advantage.name: {advantage} needs {needed}, not {sampled}")
    least = min(resolved["reward"]["correct"], resolved["reward"]["incorrect"])
    if least < (minimum := constants.get("MINIMUM_REWARD", -math.inf)):
        raise BadInputError(f"{key}: advantage.name: {advantage} needs rewards ≥ {minimum}, not {least}")
    if rollout["rollouts"] > (window := resolved["advantage"].get("window", math.inf)):
        raise BadInputError(f"{key}: advantage.window: {window} is less than rollout.rollouts, {rollout['rollouts']}")
    return resolved


def with_defaults(kind: str, named: Named, key: str) -> dict[str, Any]:
    """A level's name and all its parameters, the defaults of its file filled in."""
    try:
        file = levels.read(kind, named.name)
    except levels.UnknownLevelError as error:
        raise BadInputError(f"{key}.name: {error}") from None
    given = named.model_extra or {}
    for parameter, value in given.items():
        if parameter not in file.parameters:
            hint = levels.did_you_mean(parameter, list(file.parameters))
            valid = ", ".join(file.parameters) or "none"
            raise BadInputError(f"{key}: {named.name} has no parameter {parameter!r}; valid: {valid}{hint}")
        wanted = type(file.parameters[parameter])
        if not isinstance(value, (int, float) if wanted is float else wanted) or isinstance(value, bool) != (
            wanted is bool
        ):
            raise BadInputError(f"{key}.{parameter}: a {wanted.__name__} is needed, not {value!r}")
    return {"name": named.name, **file.parameters, **given}


def first_error(error: ValidationError) -> str:
    """The first of pydantic's findings as ``key.key: message``, and how many more there are."""
    errors = error.errors(include_url=False)
    first = errors[0]
    location = [str(part) for i, part in enumerate(first["loc"]) if not (i == 2 and part in SOURCE_TAGS)]
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "missing":
        message = "this key is needed"
    elif first["type"].startswith("union_tag"):
        location, message = [*location, "source"], f"one of {first['ctx'].get('expected_tags', '')} is needed"
    elif "input" in first and not isinstance(first["input"], dict) and first["type"] != "value_error":
        message = f"{message[0].lower()}{message[1:]}, not {first['input']!r}"
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return ": ".join(part for part in (".".join(location), message + more) if part)


class _UniqueKeyLoader(yaml.SafeLoader):
    """Refuses a mapping that gives a key twice, which YAML readers otherwise merge in silence."""


def _unique_mapping(loader: _UniqueKeyLoader, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if isinstance(key, str) and key in seen:
            raise BadInputError(f"line {key_node.start_mark.line + 1}: {key!r} is given twice; names must differ")
        seen.add(key if isinstance(key, str) else id(key_node))
    return yaml.SafeLoader.construct_mapping(loader, node, deep)


_UniqueKeyLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _unique_mapping)


def refuse_duplicate_keys(path: Path) -> None:
    """Read a study file only to find what a merged configuration no longer shows: one key given twice.

    Raises:
        BadInputError: with file and line.
    """
    try:
        yaml.load(path.read_text(encoding="utf-8"), _UniqueKeyLoader)  # noqa: S506: a SafeLoader
    except BadInputError as error:
        raise BadInputError(f"{path}: {error}") from None
    except (OSError, yaml.YAMLError) as error:
        raise BadInputError(f"{path}: cannot be read as YAML: {' '.join(str(error).split())}") from None
