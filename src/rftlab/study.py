"""From a study file to its variants and runs: everything that can be wrong is found here, before any job runs."""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rftlab import levels
from rftlab.checks import check_contexts, check_data, check_names
from rftlab.configuration import apply, resolve
from rftlab.engines import check_engines
from rftlab.errors import BadInputError
from rftlab.lock import locked
from rftlab.schema import Every, Study
from rftlab.section import first_error, shown
from rftlab.yamlfile import read_yaml, refuse_unusable

MOST_BYTES = 100_000  # a job's command is one argument of its shell, and Linux takes 128 KiB
MOST_CHECKPOINTS = 10_000
MOST_RUNS = 10_000
AGAIN = "again"
AGAIN_SEED = 2**31  # a study's own seeds are smaller: the A/A variant never shares one


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


def load_study(path: Path, *, unlocked: bool = False) -> Study:
    """Read and validate a study file.

    Raises:
        BadInputError: as :func:`read_study`.
    """
    return read_study(read_yaml(path), [path], unlocked=unlocked)


def read_study(config: Mapping[str, Any], files: Sequence[str | Path], *, unlocked: bool = False) -> Study:
    """Validate a study given as Snakemake's merged configuration; ``files`` are what it was merged from.

    ``unlocked``: one that takes something from the hub may be without a lock; it cannot be run.

    Raises:
        BadInputError: the first thing that is wrong, as ``file: key: what is wrong and what would be valid``.
    """
    where = ", ".join(str(file) for file in files) or "study"
    for file in files:
        read_yaml(Path(file))  # for what a merged configuration no longer shows, such as one key given twice
    refuse_unusable(dict(config), where)
    try:
        study = Study.model_validate(dict(config))
        check_names(study)
        study = locked(study, files, unlocked=unlocked)
        found = variants(study)
        refuse_too_much(study, found)
        check_data(study)
        check_contexts(study, max(v.config["rollout"]["max_new_tokens"] for v in found.values()))
        check_engines(study, found)
    except ValidationError as error:
        raise BadInputError(f"{where}: {first_error(error)}") from None
    except BadInputError as error:
        raise BadInputError(f"{where}: {error}") from None
    return study


def refuse_too_much(study: Study, found: Mapping[str, Variant]) -> None:
    """Refuse a study that cannot be given to its jobs, or whose plan would not fit into memory.

    Raises:
        BadInputError: with the limit.
    """
    size = len(shlex.quote(study.model_dump_json(exclude_unset=True)).encode())
    if size > MOST_BYTES:
        raise BadInputError(
            f"the study is {size} bytes as one line of JSON; at most {MOST_BYTES} can be passed to a job"
        )
    runs = len(study.models) * len(study.datasets) * len(found) * len(study.seeds)
    if runs > MOST_RUNS:
        raise BadInputError(f"seeds, factors: {runs} runs; at most {MOST_RUNS} are possible in one study")
    for variant in found.values():
        checkpoints = (variant.rounds(study) or 0) // variant.checkpoint_every(study.evaluation.every)
        if checkpoints > MOST_CHECKPOINTS:
            raise BadInputError(
                f"evaluation.every: {checkpoints} checkpoints of each run of {variant.name}; "
                f"at most {MOST_CHECKPOINTS} are possible"
            )


def variants(study: Study) -> dict[str, Variant]:
    """The baseline, the A/A variant where the study has one, and every level, by name.

    Raises:
        BadInputError: a level is not valid, overrides nothing or is compared with something that is not there.
    """
    baseline = study.baseline.model_dump()
    reference = resolve(baseline, "baseline")
    found = {"baseline": Variant("baseline", None, None, None, {}, reference)}
    if study.noise_floor:
        found[AGAIN] = Variant(AGAIN, "noise_floor", AGAIN, "baseline", {}, reference)
    for factor, entries in study.factors.items():
        for level, entry in entries.items():
            key, name = f"factors.{factor}.{level}", f"{factor}/{level}"
            overrides = {k: v for k, v in entry.items() if k != "relative_to"}
            config = resolve(apply(baseline, overrides, key), key)
            found[name] = Variant(name, factor, level, entry.get("relative_to", "baseline"), overrides, config)
    compared = [variant for variant in found.values() if variant.factor in study.factors]
    for check in (check_reference, refuse_circle):
        for variant in compared:
            check(variant, found)
    return found


def check_reference(variant: Variant, found: Mapping[str, Variant]) -> None:
    """Refuse a level that is compared with nothing, with itself or with the same configuration.

    Raises:
        BadInputError: with the names that ``relative_to`` may have.
    """
    key, reference = f"factors.{variant.name.replace('/', '.')}", variant.relative_to
    others = [name for name in found if name not in (variant.name, AGAIN)]
    if reference not in others:
        hint = levels.did_you_mean(str(reference), others)
        raise BadInputError(f"{key}.relative_to: {shown(reference)} is not one of {', '.join(others)}{hint}")
    if variant.config == found[str(reference)].config:
        raise BadInputError(f"{key}: the level overrides nothing: it is the same configuration as {reference}")


def refuse_circle(variant: Variant, found: Mapping[str, Variant]) -> None:
    """Refuse levels that are compared with each other and never with the baseline.

    Raises:
        BadInputError: with the circle.
    """
    path = [variant.name]
    while (reference := found[path[-1]].relative_to) not in (None, "baseline"):
        path.append(str(reference))
        if path[-1] in path[:-1]:
            raise BadInputError(
                f"factors.{variant.name.replace('/', '.')}.relative_to: {' → '.join(path)} is a circle; "
                "comparisons must end at the baseline"
            )
