"""What a study will cost, from its plan alone, and how long it takes by a throughput that somebody states or measured.

It is what ``rftlab plan`` prints. Imports no torch.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from rftlab.data.sources import source_of
from rftlab.errors import BadInputError
from rftlab.planning.notes import notes
from rftlab.planning.plan import Plan
from rftlab.planning.tuning import choosing_runs, least_further, most_further
from rftlab.study.lock import hub_sources
from rftlab.study.owners import owner_of
from rftlab.study.query_sources import HubSource
from rftlab.study.sources import DirectoryModel, HubModel, TinyModel
from rftlab.study.variants import Run
from rftlab.study.yaml_file import read_yaml

BYTES = 4  # checkpoints are float32
TINY_VOCABULARY = 40  # characters, about
TUNING, TUNED = "tuning: to choose", "tuned: other values"  # rows of what a tuned comparison adds
SHARE = 0.65  # of the runs after its first look, what a race on two suites takes: docs/evidence.md, the demo
Number = TypeVar("Number", int, float)
PARTS = ("sample_h", "update_h", "evaluate_h", "start_h")
COUNTS = ("runs", "rounds", "rollouts", "max_tokens", "checkpoints", "disk_bytes", "evaluation_rows")


@dataclass(frozen=True)
class Throughput:
    """What one device does with one model.

    Attributes:
        sample_tokens_per_s: sampled tokens, all rollouts of a round side by side.
        update_tokens_per_s: prompt and response tokens through forward and backward pass.
        prompt_tokens: mean length of a prompt.
        response_share: mean length of a response as a share of the longest allowed.
        start_s: start of a job: Snakemake, imports, loading the model.
    """

    sample_tokens_per_s: float
    update_tokens_per_s: float
    prompt_tokens: float
    response_share: float
    start_s: float


def forecast(plan: Plan, throughput: Mapping[str, Throughput] | None = None) -> dict[str, Any]:
    """Cost of each variant, of all, and of evaluating the base models; None where only the runs or the hub can tell.

    ``rounds``, ``rollouts`` (statistics rollouts included) and ``max_tokens`` (were every response as long as allowed)
    are sums over a variant's runs, as are ``checkpoints``, ``disk_bytes`` (weights that stay) and ``evaluation_rows``.
    They are the most that there can be: of a race or a tuned comparison all its looks, where queries are drawn anew
    every redraw of every query. ``least`` is the first look alone without redraws, every choice a level's own value
    where it can be, ``expected`` what a race of some effects and some nulls comes to.
    With the throughput of each model there are ``hours`` too, and the ``overhead`` that is a share of them.
    """
    study, queries = plan.study, query_counts(plan)
    sizes = {name: weights_bytes(plan, name) for name in study.models}
    by_variant: dict[str, list[dict[str, int | None]]] = {name: [] for name in plan.variants}
    first, at_first = {run.path for run in plan.first_runs()}, []
    for run in plan.runs():
        by_variant[run.variant.name].append(run_costs(plan, run, queries, sizes[run.model], most=True))
        if run.path in first:
            at_first.append(run_costs(plan, run, queries, sizes[run.model]))
    costs = {name: _sum(rows) for name, rows in by_variant.items()}
    further = {TUNING: choosing_runs(plan), TUNED: most_further(plan)} if plan.candidates else {}
    costs |= {
        name: _sum([run_costs(plan, run, queries, sizes[run.model], most=True) for run in runs])
        for name, runs in further.items()
    }
    least_of_tuned = [run_costs(plan, run, queries, sizes[run.model]) for run in least_further(plan)]
    at_first += [run_costs(plan, run, queries, sizes[run.model]) for run in further.get(TUNING, [])]
    at_first += least_of_tuned
    least, most = _sum(at_first), _sum([*costs.values()])
    bases = {(model, plan.prompt_digest(dataset)) for model in study.models for dataset in study.datasets}
    rows = total([queries[name] for _, digest in bases for name in plan.base_sets(digest)])
    estimate: dict[str, Any] = {
        "study": study.study,
        "locked": all(source.lock for _, _, source in hub_sources(study)),
        "size": {
            "base models": len(study.models),
            "datasets": len(study.datasets),
            "variants": len(plan.variants),
            "seeds": len(study.possible_seeds),
        },
        "race": len(study.looks.looks) > 1,
        "open": least != most,
        "tune": bool(further),
        "least": least,
        "expected": {key: _between(least[key], most[key]) for key in COUNTS},
        "variants": [{"variant": name, **cost} for name, cost in costs.items()],
        "totals": most,
        "base_evaluation_rows": None if rows is None else rows * (1 + study.evaluation.samples),
        "notes": notes(plan),
    }
    if throughput is None:
        return estimate
    times = hours(plan, throughput, queries)
    at_least = [*plan.first_runs(), *choosing_runs(plan), *least_further(plan)]
    first_hours = [run_hours(plan, run, throughput[run.model], queries) for run in at_least]
    least_hours = total([total([*parts.values()]) for parts in first_hours])
    return estimate | {
        "least": least | {"hours": least_hours},
        "expected": estimate["expected"] | {"hours": _between(least_hours, times["totals"]["hours"])},
        "variants": [row | {"hours": times["variants"][row["variant"]]["hours"]} for row in estimate["variants"]],
        "totals": estimate["totals"] | {"hours": times["totals"]["hours"]},
        "hours": {part.removesuffix("_h"): times["totals"][part] for part in PARTS},
        "overhead": times["overhead"],
    }


def run_costs(
    plan: Plan, run: Run, queries: dict[str, int | None], weights: int | None, *, most: bool = False
) -> dict[str, int | None]:
    """Cost of one run: the least, or the most with every redraw of every query."""
    study, variant = plan.study, run.variant
    rounds, at = variant.rounds(study), plan.checkpoint_rounds(run)
    per_round = variant.most_per_round if most else variant.rollouts_per_round
    rollouts = study.budget.rollouts if rounds is None else rounds * per_round
    checkpoints = None if at is None else len(at) - 1  # round 0 is the base model
    set_queries = total([queries[name] for sets in plan.suites_of(run).values() for name in sets])
    tokens = study.budget.tokens if rollouts is None else rollouts * variant.config["rollout"]["max_new_tokens"]
    rows = None if set_queries is None or checkpoints is None else set_queries * (checkpoints + plan.samples(run))
    on_disk = checkpoints if study.checkpoints == "keep" else int(study.checkpoints == "final")
    disk = None if on_disk is None or weights is None else on_disk * weights
    return dict(zip(COUNTS, (1, rounds, rollouts, tokens, checkpoints, disk, rows), strict=True))


def query_counts(plan: Plan) -> dict[str, int | None]:
    """Queries of every evaluation set; without a lock, the most that a set of the hub may have, None for no limit."""
    counts: dict[str, int | None] = {}
    for name, entry in plan.study.evaluation_sets.items():
        source = owner_of(plan.study, entry)
        if isinstance(source, HubSource):  # records, as the lock counted them: the files need not be here
            limits = [source.limit.get(entry.split), source.counts[entry.split] if source.lock else None]
        else:
            content = source.content()
            sizes = content.get("sizes")
            limits = [sizes[entry.split] if sizes else len(source_of(content).read()[entry.split].queries)]
        counts[name] = min((limit for limit in [*limits, entry.limit_queries] if limit is not None), default=None)
    return counts


def weights_bytes(plan: Plan, name: str) -> int | None:
    """Bytes of a checkpoint of a base model: those of its weights where they exist, an estimate for a tiny model."""
    model = plan.study.models[name]
    if isinstance(model, HubModel) and model.lock is None:
        return None
    folder = (
        Path(model.path) if isinstance(model, DirectoryModel) else Path(plan.resources.model_folder(name)) / "model"
    )
    weights = folder / "model.safetensors"
    if weights.is_file():
        return weights.stat().st_size
    if isinstance(model, HubModel) and model.lock:
        return BYTES * model.lock.parameters
    if isinstance(model, TinyModel):  # attention 4h², a gated layer of twice the width 6h²; embeddings are tied
        return BYTES * (10 * model.layers * model.hidden_size**2 + TINY_VOCABULARY * model.hidden_size)
    return None


def total(values: Sequence[Number | None]) -> Number | None:
    """Sum; None where one of them is unknown."""
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def _between(least: Number | None, most: Number | None) -> Number | None:
    if least is None or most is None:
        return None
    return type(least)(least + SHARE * (most - least))


def _sum(rows: list[dict[str, int | None]]) -> dict[str, int | None]:
    return {key: total([row[key] for row in rows]) for key in COUNTS}


# hours ---------------------------------------------------------------------------------------------------------------


def read_throughput(path: Path, models: list[str]) -> dict[str, Throughput]:
    """Throughput of each model, from a YAML or JSON file ``{default: {…}, models: {name: {…}}}``.

    Raises:
        BadInputError: naming file and key, for an unknown key, one that is missing, or a value that is no rate.
    """
    content = read_yaml(path)
    keys = [field.name for field in dataclasses.fields(Throughput)]
    if unknown := {str(key) for key in content} - {"default", "models"}:
        raise BadInputError(f"{path}: unknown key {min(unknown)!r}; valid keys: default, models")
    by_model = _mapping(path, "models", content.get("models", {}))
    rates = {}
    for model in models:
        own = _mapping(path, f"models.{model}", by_model.get(model, {}))
        values: dict[str, Any] = {**_mapping(path, "default", content.get("default", {})), **own}
        for key in (*values, *keys):
            if key not in keys:
                raise BadInputError(f"{path}: {model}: unknown key {key!r}; valid keys: {', '.join(keys)}")
            if key not in values:
                raise BadInputError(f"{path}: {model}: {key} is missing; give it here or under default")
            if isinstance(values[key], bool) or not isinstance(values[key], int | float) or not values[key] > 0:
                raise BadInputError(f"{path}: {model}.{key}: a number above 0 is needed, not {values[key]!r}")
        rates[model] = Throughput(**values)
    return rates


def _mapping(path: Path, key: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadInputError(f"{path}: {key}: a mapping is needed, not {value!r}")
    return value


def hours(plan: Plan, throughput: Mapping[str, Throughput], queries: dict[str, int | None]) -> dict[str, Any]:
    """Hours of each variant and of all, by what the time goes to; None where only the runs or the hub can tell.

    Every rollout counts as trained on in each epoch (a raw reward trains on successes only and is faster), and a
    penalty for KL adds a forward pass, in the reward two, each a third of forward and backward. ``overhead`` is the
    share of ``start_h``.
    """
    by_row = {name: [run for run in plan.runs() if run.variant.name == name] for name in plan.variants}
    by_row |= {TUNING: choosing_runs(plan), TUNED: most_further(plan)} if plan.candidates else {}
    rows: dict[str, dict[str, float | None]] = {name: dict.fromkeys(PARTS, 0.0) for name in by_row}
    for name, run in ((name, run) for name, runs in by_row.items() for run in runs):
        spent = run_hours(plan, run, throughput[run.model], queries, most=True)
        row = rows[name]
        for part in PARTS:
            row[part] = total([row[part], spent[part]])
    totals = {part: total([row[part] for row in rows.values()]) for part in PARTS}
    whole = total([*totals.values()])
    return {
        "variants": {name: {**row, "hours": total([*row.values()])} for name, row in rows.items()},
        "totals": {**totals, "hours": whole},
        "overhead": None if not whole or totals["start_h"] is None else totals["start_h"] / whole,
    }


def run_hours(
    plan: Plan, run: Run, rate: Throughput, queries: dict[str, int | None], *, most: bool = False
) -> dict[str, float | None]:
    """Hours of one run: the least, or the most with every redraw of every query, none of which is trained on."""
    rollout, kl = run.variant.config["rollout"], run.variant.config["objective"]["kl"]
    forwards = 0 if not kl["coefficient"] else 2 if kl["in_reward"] else 1  # of the base model, and of the policy
    costs = run_costs(plan, run, queries, None, most=most)
    limit = plan.study.evaluation.max_new_tokens or plan.study.baseline.rollout.max_new_tokens
    response = rollout["max_new_tokens"] * rate.response_share
    trained = rollout["queries"] * (rollout["down_sample"] or rollout["rollouts"]) / run.variant.rollouts_per_round
    trained *= run.variant.config["update"]["epochs"]
    sampled, rows = costs["rollouts"], costs["evaluation_rows"]
    once = run_costs(plan, run, queries, None)["rollouts"]
    through = None if once is None else once * trained * (rate.prompt_tokens + response) * (1 + forwards / 3)
    seconds = {
        "sample_h": None if sampled is None else sampled * response / rate.sample_tokens_per_s,
        "update_h": None if through is None else through / rate.update_tokens_per_s,
        "evaluate_h": None if rows is None else rows * limit * rate.response_share / rate.sample_tokens_per_s,
        "start_h": rate.start_s * (1 + len(plan.suites_of(run))),
    }
    return {part: None if value is None else value / 3600 for part, value in seconds.items()}
