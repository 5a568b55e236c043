"""The jobs of a study's probe: a pool of rollouts for each base model and dataset, and what variants make of it."""

from __future__ import annotations

from typing import Any

from rftlab.files import canonical_json
from rftlab.planning.plan import Plan
from rftlab.runfolder.study_plan import BASELINE
from rftlab.study.probe import Probe, probed
from rftlab.study.variants import Run

SEED = 0  # of the probe's queries, rollouts, projection and rounds


def pool_file(plan: Plan, model: str, dataset: str) -> str:
    """Path of a pool."""
    return f"{plan.folder}/probe/{model}/{dataset}/pool.npz"


def probe_files(plan: Plan) -> list[str]:
    """Paths of all tables of variants; none where the study has no probe."""
    if plan.study.probe is None:
        return []
    return [f"{plan.folder}/probe/{pair.model}/{pair.dataset}/probe.json" for pair in plan.pairs()]


def final_run(plan: Plan, model: str, dataset: str) -> Run | None:
    """The run whose last checkpoint is probed; None where the base model is."""
    if _probe(plan).checkpoint == "base":
        return None
    return plan.run(model, dataset, BASELINE, plan.study.possible_seeds[0])


def checkpoint_file(plan: Plan, model: str, dataset: str) -> str:
    """Path of what says which weights are probed: the manifest of a base model, or of a run."""
    run = final_run(plan, model, dataset)
    return (
        f"{plan.resources.model_folder(model)}/model.json"
        if run is None
        else f"{plan.run_folder(run)}/checkpoints.json"
    )


def weights_option(checkpoint: str) -> str:
    """The option that names these weights to the stage."""
    folder, _, name = checkpoint.rpartition("/")
    return f"--model {folder}/model" if name == "model.json" else f"--run {folder}"


def pool_params(plan: Plan, model: str, dataset: str) -> dict[str, str]:
    """Params of a pool: what the baseline samples and is paid with, and nothing of what it learns with."""
    run = plan.run(model, dataset, BASELINE, plan.study.possible_seeds[0])
    config = plan.run_json(run)["config"]
    objective = {**config["objective"], "kl": {**config["objective"]["kl"], "coefficient": 0.0}}
    unused = {"budget": {"rounds": 1}, "checkpoint_every": 1, "diagnostics": {"kl_every": 0}, "objective": objective}
    probe = _probe(plan).model_dump(include={"queries", "rollouts", "dimensions"})
    content = {"run": {"random_seed": SEED, "config": {**config, **unused}}, "probe": {**probe, "seed": SEED}}
    modules = plan.modules(run)
    return {"code": plan.resources.code("rftlab.probe.collect", *modules), "config": canonical_json(content)}


def replay_params(plan: Plan, model: str, dataset: str) -> dict[str, str]:
    """Params of a table of variants: its code is the stage's and that of every level it selects."""
    variants = {name: _variant(variant.config) for name, variant in probed(plan.variants).items()}
    labels = {"model": model, "dataset": dataset, "checkpoint": _probe(plan).checkpoint}
    modules = set()
    for entry in variants.values():
        modules.add(f"rftlab.advantages.{entry['advantage']['name']}")
        named = {key: level for key, level in entry["objective"].items() if isinstance(level, dict)}
        modules |= {f"rftlab.objectives.{key}.{level['name']}" for key, level in named.items()}
    content = {"labels": labels, "variants": variants, "seed": SEED}
    return {"code": plan.resources.code("rftlab.probe.replay", *sorted(modules)), "config": canonical_json(content)}


def _variant(config: Any) -> dict[str, Any]:
    rollout = {key: config["rollout"][key] for key in ("queries", "rollouts", "statistics_rollouts", "max_new_tokens")}
    seen = ("aggregation", "drop_equal_rewards", "mask", "shaping")
    objective = {key: config["objective"][key] for key in seen if config["objective"].get(key) is not None}
    return {**rollout, "advantage": config["advantage"], "objective": objective}


def _probe(plan: Plan) -> Probe:
    assert plan.study.probe is not None, "no job of a probe is asked for where there is none"
    return plan.study.probe
