"""The probe's section of a study, and the variants that it can tell about."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from rftlab.errors import BadInputError
from rftlab.runfolder.study_plan import BASELINE
from rftlab.study.section import Count, Section

if TYPE_CHECKING:
    from rftlab.study.schema import Study
    from rftlab.study.variants import Variant

SEEN = (
    ("advantage",),
    *(("objective", key) for key in ("aggregation", "drop_equal_rewards", "mask", "shaping")),
    *(("rollout", key) for key in ("queries", "rollouts", "statistics_rollouts")),
)
"""What a variant may change and still learn from the rollouts that the baseline samples and rewards."""


class Probe(Section):
    """Gradients of many rollouts at one checkpoint: how much signal each variant's estimate of the gradient holds."""

    rollouts: Annotated[int, Field(ge=2)] = Field(64, description="sampled for each query")
    queries: Count = Field(32, description="of the training split, fixed")
    checkpoint: Literal["base", "final"] = Field(
        "base", description="the base model, or the last checkpoint of the baseline's first seed"
    )
    dimensions: Count = Field(
        256, description="of the random projection of gradients: a cosine is off by about 1/√this"
    )


def probed(variants: Mapping[str, Variant]) -> dict[str, Variant]:
    """The variants that differ from the baseline in nothing but what a probe can see, the baseline first."""
    baseline = without_seen(variants[BASELINE].config)
    return {
        name: variant
        for name, variant in variants.items()
        if not variant.noise_floor and without_seen(variant.config) == baseline
    }


def without_seen(config: Mapping[str, Any]) -> dict[str, Any]:
    """A variant's configuration without what a probe can see."""
    rest = copy.deepcopy(dict(config))
    for *parents, last in SEEN:
        section = rest
        for parent in parents:
            section = section[parent]
        section.pop(last, None)
    return rest


def check_probe(study: Study, variants: Mapping[str, Variant]) -> None:
    """Refuse a probe with too few rollouts for a variant, of a checkpoint that is not kept, or of rounds beyond it.

    What the baseline has, all variants that are probed have as well: what no pool can show is refused of it alone.

    Raises:
        BadInputError: with what would be possible.
    """
    if study.probe is None:
        return
    if study.probe.checkpoint == "final" and study.checkpoints == "none":
        raise BadInputError("probe.checkpoint: final needs `checkpoints: final` or keep, not none")
    baseline = variants[BASELINE].config
    rollout, objective = baseline["rollout"], baseline["objective"]
    if rollout["redraws"]:
        raise BadInputError("probe: rollout.redraws: rounds that draw queries anew cannot be made of fixed ones")
    if rollout["down_sample"] is not None:
        raise BadInputError("probe: rollout.down_sample: rounds of some of their rollouts cannot be probed")
    if rollout["difficulty"]["low"] > 0 or rollout["difficulty"]["high"] < 1:
        raise BadInputError("probe: rollout.difficulty: queries that only a run chooses cannot be probed")
    if objective["kl"]["coefficient"] and objective["kl"]["in_reward"]:
        raise BadInputError("probe: objective.kl.in_reward: rewards that change with the policy cannot be probed")
    if objective["tokens"]["name"] != "all":
        raise BadInputError("probe: objective.tokens: gradients of some of a response's tokens cannot be probed")
    if rollout["only"] is not None and study.probe.queries > rollout["only"]:
        raise BadInputError(
            f"probe.queries: at most the {rollout['only']} queries of rollout.only are possible, "
            f"not {study.probe.queries}"
        )
    for name, variant in probed(variants).items():
        own = variant.config["rollout"]
        if (M := own["rollouts"] + own["statistics_rollouts"]) > study.probe.rollouts:
            raise BadInputError(
                f"probe.rollouts: at least the {M} rollouts of a query in {name} are needed, not {study.probe.rollouts}"
            )
