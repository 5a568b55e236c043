"""What a study should know before it runs, though nothing of it is wrong: one sentence each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rftlab import levels
from rftlab.planning.plan import Plan


def notes(plan: Plan) -> list[str]:
    """Settings that do less than they seem to."""
    return [*_rewards(plan), *_ratios(plan), *_steps(plan), *_redraws(plan), *_stale(plan), *_checkpoints(plan)]


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
    """Ratios that are 1."""
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


def _steps(plan: Plan) -> list[str]:
    """Steps without a ratio though the policy has moved."""
    configs = {name: variant.config for name, variant in plan.variants.items()}
    several = [
        name for name, c in configs.items() if c["objective"]["ratio"]["name"] == "none" and steps_per_round(c) > 1
    ]
    if not several:
        return []
    return [
        f"{', '.join(several)}: with `objective.ratio: none` nothing makes up for what the first of several steps on a "
        "round has moved"
    ]


def _redraws(plan: Plan) -> list[str]:
    """What is sampled depends on how often queries are drawn anew."""
    open_ended = [
        f"{name} (1/{1 + variant.config['rollout']['redraws']})"
        for name, variant in plan.variants.items()
        if variant.config["rollout"]["redraws"] and variant.rounds(plan.study) is not None
    ]
    if not open_ended:
        return []
    return [
        f"{', '.join(open_ended)}: how often `rollout.redraws` draws anew only the runs can tell: rollouts, tokens and "
        "hours of sampling are at most what is shown, and at least that share of it"
    ]


def _stale(plan: Plan) -> list[str]:
    """Rollouts of an older policy, whose age no ratio sees."""
    ratios = {
        name: variant.config["objective"]["ratio"]["name"]
        for name, variant in plan.variants.items()
        if variant.config["rollout"]["sync_every"] > 1
    }
    stale = [f"{name} ({ratio})" for name, ratio in ratios.items() if compares_with_trainer(ratio)]
    if not stale:
        return []
    return [
        f"{', '.join(stale)}: this ratio does not see how old the sampler's weights are; one that compares with the "
        "sampler, `truncated` for instance, does"
    ]


def compares_with_trainer(ratio: str) -> bool:
    """Whether a ratio has nothing to do with what the sampler computed."""
    return ratio == "none" or levels.read("objectives.ratio", ratio).constants.get("OLD_POLICY") == "trainer"


def steps_per_round(config: Mapping[str, Any]) -> int:
    """Optimizer steps that a variant takes on the rollouts of a round."""
    return int(config["update"]["minibatches"] * config["update"]["epochs"])


def is_one(config: Mapping[str, Any]) -> bool:
    """Whether a variant has a ratio that is 1: one step a round, π_old the trainer's or a sampler's that draws alike.

    That is the engine of transformers in the trainer's format, without a nucleus: ``top_p`` below 1 makes tokens
    likelier than they are in training, and vLLM has kernels of its own.
    """
    ratio: str = config["objective"]["ratio"]["name"]
    precision = config["precision"]
    if steps_per_round(config) > 1:
        return False
    if compares_with_trainer(ratio):
        return ratio != "none"
    sampler = [precision["autocast"], *(config["rollout"][key] for key in ("top_p", "sync_every"))]
    sampler.append(config["engine"]["name"])
    same: bool = sampler == ["none", 1.0, 1, "transformers"] and precision["sampler_dtype"] in ("trainer", "float32")
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
