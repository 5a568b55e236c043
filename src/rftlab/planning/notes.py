"""What a study should know before it runs, though nothing of it is wrong: one sentence each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rftlab import levels
from rftlab.planning.plan import Plan


def notes(plan: Plan) -> list[str]:
    """Settings that do less than they seem to."""
    return [*_rewards(plan), *_ratios(plan), *_checkpoints(plan)]


def _rewards(plan: Plan) -> list[str]:
    """Rewards that tell nothing apart."""
    rewards = {name: variant.config["reward"] for name, variant in plan.variants.items()}
    equal = [
        name
        for name, reward in rewards.items()
        if not {"file", "terms"} & reward.keys() and reward["correct"] == reward["incorrect"]
    ]
    if not equal:
        return []
    return [f"{', '.join(equal)}: reward.correct and reward.incorrect are equal: every answer is paid the same"]


def _ratios(plan: Plan) -> list[str]:
    """Ratios that are 1: there is one update a round."""
    exact = [
        f"{name} ({variant.config['objective']['ratio']['name']})"
        for name, variant in plan.variants.items()
        if is_one(variant.config)
    ]
    if not exact:
        return []
    return [
        f"{', '.join(exact)}: with one update a round the importance ratio is 1 up to rounding: what is trained is "
        "`objective.ratio: none`"
    ]


def is_one(config: Mapping[str, Any]) -> bool:
    """Whether a variant has a ratio that is 1: its π_old is the trainer's, or a sampler's that draws from the same.

    That is the engine of transformers in the trainer's format, without a nucleus: ``top_p`` below 1 makes tokens
    likelier than they are in training, and vLLM has kernels of its own.
    """
    ratio: str = config["objective"]["ratio"]["name"]
    precision = config["precision"]
    if ratio == "none" or levels.read("objectives.ratio", ratio).constants.get("OLD_POLICY") == "trainer":
        return ratio != "none"
    sampler = [precision["autocast"], config["rollout"]["top_p"], config["engine"]["name"]]
    same: bool = sampler == ["none", 1.0, "transformers"] and precision["sampler_dtype"] in ("trainer", "float32")
    return same


def _checkpoints(plan: Plan) -> list[str]:
    """Distances between checkpoints that are longer than a run."""
    study = plan.study
    longer = [
        name
        for name, variant in plan.variants.items()
        if (rounds := variant.rounds(study)) is not None and variant.checkpoint_every(study.evaluation.every) > rounds
    ]
    if not longer:
        return []
    which = "every run" if len(longer) == len(plan.variants) else f"the runs of {', '.join(longer)}"
    return [f"evaluation.every is longer than {which}: there is no checkpoint but the last, and so no curve"]
