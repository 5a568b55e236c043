"""What a study will cost, from its plan alone: what ``rftlab plan`` prints. Imports no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rftlab.checks import owner_of
from rftlab.data import stage
from rftlab.lock import hub_sources
from rftlab.plan import Plan
from rftlab.planfile import checkpoint_rounds
from rftlab.querysources import HubSource
from rftlab.sources import DirectoryModel, HubModel, TinyModel
from rftlab.study import Run

BYTES = 4  # checkpoints are float32
TINY_VOCABULARY = 40  # characters, about
COUNTS = ("runs", "rounds", "rollouts", "max_tokens", "checkpoints", "disk_bytes", "evaluation_rows")


def forecast(plan: Plan) -> dict[str, Any]:
    """Cost of each variant, of all, and of evaluating the base models; None where only the runs or the hub can tell.

    ``rounds``, ``rollouts`` (statistics rollouts included) and ``max_tokens`` (were every response as long as allowed)
    are sums over a variant's runs, as are ``checkpoints``, ``disk_bytes`` (weights that stay) and ``evaluation_rows``.
    """
    study, queries = plan.study, query_counts(plan)
    sizes = {name: weights_bytes(plan, name) for name in study.models}
    by_variant: dict[str, list[dict[str, int | None]]] = {name: [] for name in plan.variants}
    for run in plan.runs():
        by_variant[run.variant.name].append(run_costs(plan, run, queries, sizes[run.model]))
    costs = {name: _sum(rows) for name, rows in by_variant.items()}
    bases = {(model, plan.prompt_digest(dataset)) for model in study.models for dataset in study.datasets}
    asked = [queries[name] for _, digest in bases for name in plan.base_sets(digest)]
    base_rows = total(asked, 1 + study.evaluation.samples)
    return {
        "study": study.study,
        "locked": all(source.locked for _, _, source in hub_sources(study)),
        "size": {
            "base models": len(study.models),
            "datasets": len(study.datasets),
            "variants": len(plan.variants),
            "seeds": len(study.seeds),
        },
        "variants": [{"variant": name, **cost} for name, cost in costs.items()],
        "totals": _sum([*costs.values()]),
        "base_evaluation_rows": base_rows,
    }


def run_costs(plan: Plan, run: Run, queries: dict[str, int | None], weights: int | None) -> dict[str, int | None]:
    """Cost of one run."""
    study, variant = plan.study, run.variant
    rounds, at = variant.rounds(study), checkpoint_rounds(plan, run)
    rollouts = None if rounds is None else rounds * variant.rollouts_per_round
    checkpoints = None if at is None else len(at) - 1  # round 0 is the base model
    asked = [queries[name] for sets in plan.suites(run.dataset).values() for name in sets]
    tokens = study.budget.tokens if rollouts is None else rollouts * variant.config["rollout"]["max_new_tokens"]
    rows = None if checkpoints is None else total(asked, checkpoints + study.evaluation.samples)
    kept = checkpoints if study.checkpoints == "keep" else int(study.checkpoints == "final")
    disk = None if kept is None or weights is None else kept * weights
    return dict(zip(COUNTS, (1, rounds, rollouts, tokens, checkpoints, disk, rows), strict=True))


def query_counts(plan: Plan) -> dict[str, int | None]:
    """Queries of every evaluation set; without a lock, the most that a set of the hub may have, None for no limit."""
    counts: dict[str, int | None] = {}
    for name, entry in plan.study.evaluation_sets.items():
        source = owner_of(plan.study, entry)
        if isinstance(source, HubSource):  # records, as the lock counted them: the files need not be here
            limits = [source.limit.get(entry.split), source.counts[entry.split] if source.locked else None]
        else:
            content = source.content()
            sizes = content.get("sizes")
            limits = [sizes[entry.split] if sizes else len(stage.load(content).splits[entry.split])]
        counts[name] = min((limit for limit in [*limits, entry.limit_queries] if limit is not None), default=None)
    return counts


def weights_bytes(plan: Plan, name: str) -> int | None:
    """Bytes of a checkpoint of a base model: those of its weights where they exist, an estimate for a tiny model."""
    model = plan.study.models[name]
    if isinstance(model, HubModel) and model.locked is None:
        return None
    folder = Path(model.path) if isinstance(model, DirectoryModel) else Path(plan.model_folder(name)) / "model"
    weights = folder / "model.safetensors"
    if weights.is_file():
        return weights.stat().st_size
    if isinstance(model, HubModel) and model.locked:
        return BYTES * model.locked.parameters
    if isinstance(model, TinyModel):  # attention 4h², a gated layer of twice the width 6h²; embeddings are tied
        return BYTES * (10 * model.layers * model.hidden_size**2 + TINY_VOCABULARY * model.hidden_size)
    return None


def total(counts: list[int | None], times: int = 1) -> int | None:
    """Sum of counts, so many times; None where one of them is unknown."""
    return None if None in counts else times * sum(count or 0 for count in counts)


def _sum(rows: list[dict[str, int | None]]) -> dict[str, int | None]:
    return {key: total([row[key] for row in rows]) for key in COUNTS}
