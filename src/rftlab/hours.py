"""How long a study takes, from its plan and a throughput that somebody states or measured."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rftlab.errors import BadInputError
from rftlab.forecast import query_counts, run_costs
from rftlab.plan import Plan
from rftlab.study import Run
from rftlab.yamlfile import read_yaml

PARTS = ("sample_h", "update_h", "evaluate_h", "start_h")


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
    found = {}
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
        found[model] = Throughput(**values)
    return found


def _mapping(path: Path, key: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadInputError(f"{path}: {key}: a mapping is needed, not {value!r}")
    return value


def hours(plan: Plan, throughput: dict[str, Throughput], queries: dict[str, int | None]) -> dict[str, Any]:
    """Hours of each variant and of all, by what the time goes to; None where only the runs or the hub can tell.

    Every rollout counts as trained on (a raw reward trains on successes only and is faster), and a KL penalty adds the
    base model's forward pass, a third of forward and backward. ``overhead`` is the share of ``start_h``.
    """
    rows: dict[str, dict[str, float | None]] = {name: dict.fromkeys(PARTS, 0.0) for name in plan.variants}
    for run in plan.runs():
        spent = run_hours(plan, run, throughput[run.model], queries)
        row = rows[run.variant.name]
        for part in PARTS:
            have, more = row[part], spent[part]
            row[part] = None if have is None or more is None else have + more
    totals = {part: _sum([row[part] for row in rows.values()]) for part in PARTS}
    whole = _sum([*totals.values()])
    return {
        "variants": {name: {**row, "hours": _sum([*row.values()])} for name, row in rows.items()},
        "totals": {**totals, "hours": whole},
        "overhead": None if not whole or totals["start_h"] is None else totals["start_h"] / whole,
    }


def run_hours(plan: Plan, run: Run, rate: Throughput, queries: dict[str, int | None]) -> dict[str, float | None]:
    """Hours of one run."""
    rollout, kl = run.variant.config["rollout"], run.variant.config["objective"]["kl"]["coefficient"]
    costs = run_costs(plan, run, queries, None)
    limit = plan.study.evaluation.max_new_tokens or plan.study.baseline.rollout.max_new_tokens
    response = rollout["max_new_tokens"] * rate.response_share
    trained = rollout["rollouts"] / (rollout["rollouts"] + rollout["statistics_rollouts"])
    sampled, rows = costs["rollouts"], costs["evaluation_rows"]
    through = None if sampled is None else sampled * trained * (rate.prompt_tokens + response) * (4 / 3 if kl else 1)
    seconds = {
        "sample_h": None if sampled is None else sampled * response / rate.sample_tokens_per_s,
        "update_h": None if through is None else through / rate.update_tokens_per_s,
        "evaluate_h": None if rows is None else rows * limit * rate.response_share / rate.sample_tokens_per_s,
        "start_h": rate.start_s * (1 + len(plan.suites(run.dataset))),
    }
    return {part: None if value is None else value / 3600 for part, value in seconds.items()}


def _sum(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def add_hours(expected: dict[str, Any], plan: Plan, file: Path) -> None:
    """Add hours by a throughput file to what :func:`rftlab.forecast.forecast` expects.

    Raises:
        BadInputError: as :func:`read_throughput`.
    """
    found = hours(plan, read_throughput(file, list(plan.study.models)), query_counts(plan))
    for row in expected["variants"]:
        row["hours"] = found["variants"][row["variant"]]["hours"]
    expected["totals"]["hours"] = found["totals"]["hours"]
    expected["hours"] = {part.removesuffix("_h"): value for part, value in found["totals"].items() if part in PARTS}
    expected["overhead"] = found["overhead"]
