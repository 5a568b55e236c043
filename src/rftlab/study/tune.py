"""The tuned comparison: every level at its own best value of one key, against its reference at that one's.

A level at one of the values is a candidate: a variant that is trained with seeds of its own, to choose, and if it is
chosen with those that are judged. At the level's own value it is the level itself, whose runs are there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rftlab.errors import BadInputError, did_you_mean
from rftlab.runfolder.study_plan import BASELINE
from rftlab.study.configuration import apply, refuse_inert, refuse_schedule, resolve
from rftlab.study.owners import dataset_of
from rftlab.study.schema import Study, Tune
from rftlab.study.variants import Variant

AT = "@"  # between the name of a level and the value it is trained at; in no name of one


@dataclass(frozen=True)
class Candidate:
    """A tuned variant, by name, at one value of the key; ``variant`` is what is trained."""

    tuned: str
    value: float
    variant: Variant

    @property
    def own(self) -> bool:
        """Whether the value is the one that the level has anyway."""
        return self.tuned == self.variant.name


def candidates_of(study: Study, variants: Mapping[str, Variant]) -> list[Candidate]:
    """Candidates of a study by what is tuned and value, in its order; none where nothing is tuned.

    Raises:
        BadInputError: a key that is no number of the baseline, that a level sets itself or that changes the rollouts
            of a round, fewer than two values, levels that cannot be tuned, seeds that are judged, no queries to choose
            on, or crossed factors.
    """
    if (tune := study.tuning) is None:
        return []
    _refuse_study(study, tune)
    ((key, values),) = tune.values.items()
    if len(values) < 2:
        raise BadInputError(f"tune.{key}: two values at least are needed to choose from, not {len(values)}")
    for value in values:
        if values.count(value) > 1:
            raise BadInputError(f"tune.{key}: {value:g} is given twice")
    _value(variants[BASELINE].config, key)
    found = []
    for variant in _tuned(study, tune, variants):
        _refuse_override(key, variant, tune)
        found += [_candidate(study, key, value, variant) for value in values]
    return found


def _refuse_study(study: Study, tune: Tune) -> None:
    """What a study as a whole must have, or not."""
    if study.design.factorial:
        raise BadInputError("tune: effects of crossed factors are those at fixed values: remove it or design.factorial")
    for seed in tune.seeds:
        if seed in study.possible_seeds:
            raise BadInputError(f"tune.seeds: {seed} is one of seeds: what is judged chooses nothing")
    for dataset in study.datasets:
        sets = [study.evaluation_sets[name] for name in study.evaluation.id]
        if not any(dataset_of(one) == dataset and one.split == "validation" for one in sets):
            raise BadInputError(f"tune: choosing needs a validation set of dataset {dataset!r} in evaluation.id")


def _tuned(study: Study, tune: Tune, variants: Mapping[str, Variant]) -> Iterator[Variant]:
    """The levels that are tuned and what they are compared with, in the study's order."""
    levels = {name: variant for name, variant in variants.items() if variant.factor in study.factors}
    inert = {name for name, v in levels.items() if study.factors[str(v.factor)][str(v.level)].get("inert", False)}
    for name in tune.levels:
        if name not in levels:
            raise BadInputError(
                f"tune.levels: {name!r} is not one of {', '.join(levels)}{did_you_mean(name, list(levels))}"
            )
        if name in inert:
            raise BadInputError(f"tune.levels: {name} is inert: no value makes it learn")
    wanted = {*tune.levels} or {name for name, v in levels.items() if not v.control and name not in inert}
    if not wanted:
        raise BadInputError("tune: the study has no level that can be tuned")
    for name in [*wanted]:
        while (reference := variants[name].relative_to) is not None:
            wanted.add(name := reference)
    yield from (variant for name, variant in variants.items() if name in wanted)


def _refuse_override(key: str, variant: Variant, tune: Tune) -> None:
    for override in variant.overrides:
        if f"{override}.".startswith(f"{key}.") or f"{key}.".startswith(f"{override}."):
            others = "name the levels to be tuned under tune.levels, without it and what is compared with it"
            if variant.name not in tune.levels and tune.levels:
                others = "it is what a level of tune.levels is compared with"
            raise BadInputError(f"tune.{key}: {variant.name} sets {override} itself; {others}")


def _candidate(study: Study, key: str, value: float, variant: Variant) -> Candidate:
    where = f"tune.{key}: {value:g} for {variant.name}"
    overrides = {**variant.overrides, key: int(value) if value.is_integer() else value}  # an integer is a number too
    config = resolve(apply(study.baseline.model_dump(), overrides, where), where)
    if config == variant.config:
        return Candidate(variant.name, value, variant)
    refuse_inert(config, False, where)
    at = f"{AT}{_value(config, key)!r}"
    level = None if variant.name == BASELINE else f"{variant.level}{at}"
    made = Variant(f"{variant.name}{at}", variant.factor, level, None, overrides, config)
    refuse_schedule(config, made.rounds(study), where)
    if made.sampled != variant.sampled:
        raise BadInputError(f"{where}: it changes the rollouts of a round: at equal rounds more of them would win")
    return Candidate(variant.name, value, made)


def _value(config: Mapping[str, Any], key: str) -> float:
    """The number at a dotted key."""
    node: Any = config
    for part in key.split("."):
        node = node.get(part) if isinstance(node, Mapping) else None
    if isinstance(node, bool) or not isinstance(node, int | float):
        raise BadInputError(f"tune.{key}: a key of the baseline that is a number is needed, as optimizer.lr")
    return node
