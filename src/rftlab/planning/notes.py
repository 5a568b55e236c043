"""What a study should know before it runs, though nothing of it is wrong: one sentence each."""

from __future__ import annotations

from rftlab.planning.plan import Plan


def notes(plan: Plan) -> list[str]:
    """Settings that do less than they seem to."""
    return [*_ratios(plan), *_checkpoints(plan)]


def _ratios(plan: Plan) -> list[str]:
    """Ratios that are 1: one update a round, on rollouts of the policy that is updated, in one format."""
    exact = [
        f"{name} ({variant.config['objective']['ratio']['name']})"
        for name, variant in plan.variants.items()
        if variant.config["objective"]["ratio"]["name"] != "none"
        and variant.config["precision"]["autocast"] == "none"
        and variant.config["precision"]["sampler_dtype"] in ("trainer", "float32")
    ]
    if not exact:
        return []
    return [
        f"{', '.join(exact)}: with one update a round, in the sampler's own format, the importance ratio is 1 up to "
        "rounding: what is trained is `objective.ratio: none`"
    ]


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
