"""The variants of a study, each compared with a reference, and the runs they make."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rftlab import levels
from rftlab.errors import BadInputError, did_you_mean
from rftlab.runfolder.study_plan import BASELINE, NOISE_FLOOR, PlannedVariant
from rftlab.study.configuration import apply, refuse_inert, refuse_schedule, resolve
from rftlab.study.factorial import cells
from rftlab.study.schema import Every, Study
from rftlab.study.section import excerpt

ABOUT_A_LEVEL = ("relative_to", "inert")  # keys of a level that are no overrides
AGAIN = "again"
AGAIN_SEED = 2**31  # a study's own seeds are smaller: the A/A variant never shares one


@dataclass(frozen=True)
class Variant(PlannedVariant):
    """A variant with its resolved baseline section, ``config``."""

    config: Mapping[str, Any]

    @property
    def key(self) -> str:
        """Where the study has it, for messages; of one that no key of the study names, its own name."""
        if not self.overrides:
            return "baseline"
        return self.name if self.relative_to is None else f"factors.{self.factor}.{self.level}"

    @property
    def rollouts_per_round(self) -> int:
        """B·(n + m), and B more where the advantage asks for greedy responses; without redraws."""
        rollout = self.config["rollout"]
        greedy = levels.read("advantages", self.config["advantage"]["name"]).constants.get("GREEDY", False)
        return int(rollout["queries"] * (rollout["rollouts"] + rollout["statistics_rollouts"] + greedy))

    @property
    def most_per_round(self) -> int:
        """Rollouts of a round in which every redraw is spent on every query."""
        return self.rollouts_per_round * int(1 + self.config["rollout"]["redraws"])

    @property
    def sampled(self) -> tuple[int, int, int]:
        """All that decides how many rollouts a run samples: those of a round, its redraws, those before the first."""
        rollout = self.config["rollout"]
        return self.rollouts_per_round, rollout["redraws"], rollout["difficulty"]["rollouts"]

    @property
    def even(self) -> bool:
        """Whether it samples nothing but B·(n + m) rollouts in every round."""
        return self.sampled[1:] == (0, 0)

    def as_many(self, other: Variant) -> bool:
        """Whether both have sampled the same number of rollouts after every round."""
        return self.even and other.even and self.rollouts_per_round == other.rollouts_per_round

    def rounds(self, study: Study) -> int | None:
        """Rounds the study's budget allows; None where only the run can tell: tokens, or rollouts if it is not even."""
        if study.budget.rollouts is not None and not self.even:
            return None
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


def variants_of(study: Study) -> dict[str, Variant]:
    """The baseline, the A/A variant where the study has one, every level and every cell of a design, by name.

    Raises:
        BadInputError: a level is not valid, overrides nothing or is compared with something that is not there, or
            factors cannot be crossed.
    """
    baseline = study.baseline.model_dump()
    reference = resolve(baseline, "baseline")
    refuse_inert(reference, False, "baseline")
    variants = {BASELINE: Variant(BASELINE, None, None, None, {}, reference)}
    if study.noise_floor:
        variants[AGAIN] = Variant(AGAIN, NOISE_FLOOR, AGAIN, BASELINE, {}, reference)
    for factor, entries in study.factors.items():
        for level, entry in entries.items():
            key, name = f"factors.{factor}.{level}", f"{factor}/{level}"
            overrides = {k: v for k, v in entry.items() if k not in ABOUT_A_LEVEL}
            config = resolve(apply(baseline, overrides, key), key)
            if not isinstance(inert := entry.get("inert", False), bool):
                raise BadInputError(f"{key}.inert: true or false is needed, not {excerpt(inert)}")
            refuse_inert(config, inert, key)
            variants[name] = Variant(name, factor, level, entry.get("relative_to", BASELINE), overrides, config)
    of_factors = [variant for variant in variants.values() if variant.factor in study.factors]
    for check in (check_reference, refuse_circle):
        for variant in of_factors:
            check(variant, variants)
    for factor, level, overrides in cells(study.design.factorial, of_factors):
        config = resolve(apply(baseline, overrides, "design.factorial"), f"design.factorial: {factor}/{level}")
        refuse_inert(config, False, f"design.factorial: {factor}/{level}")
        variants[f"{factor}/{level}"] = Variant(f"{factor}/{level}", factor, level, None, overrides, config)
    for variant in variants.values():
        refuse_schedule(variant.config, variant.rounds(study), variant.key)
    return variants


def check_reference(variant: Variant, variants: Mapping[str, Variant]) -> None:
    """Refuse a level that is compared with nothing, with itself or with the same configuration.

    Raises:
        BadInputError: with the names that ``relative_to`` may have.
    """
    key, reference = f"factors.{variant.name.replace('/', '.')}", variant.relative_to
    others = [name for name in variants if name not in (variant.name, AGAIN)]
    if reference not in others:
        hint = did_you_mean(str(reference), others)
        raise BadInputError(f"{key}.relative_to: {excerpt(reference)} is not one of {', '.join(others)}{hint}")
    if variant.config == variants[str(reference)].config:
        raise BadInputError(f"{key}: the level overrides nothing: it is the same configuration as {reference}")


def refuse_circle(variant: Variant, variants: Mapping[str, Variant]) -> None:
    """Refuse levels that are compared with each other and never with the baseline.

    Raises:
        BadInputError: with the circle.
    """
    path = [variant.name]
    while (reference := variants[path[-1]].relative_to) not in (None, BASELINE):
        path.append(str(reference))
        if path[-1] in path[:-1]:
            raise BadInputError(
                f"factors.{variant.name.replace('/', '.')}.relative_to: {' → '.join(path)} is a circle; "
                "comparisons must end at the baseline"
            )
