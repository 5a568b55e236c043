"""The runs of a tuned comparison: those that choose each level's value, and those that there can be of the chosen ones.

A variant whose own value is chosen has its runs already; those of other values are trained for the comparison alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from rftlab.planning.plan import Plan
from rftlab.study.variants import Run


def choosing_runs(plan: Plan) -> list[Run]:
    """Every candidate with every seed that chooses, in the study's order; none where nothing is tuned."""
    seeds = plan.study.tuning.seeds if plan.study.tuning else []
    return [Run(*pair, one.variant, seed) for pair in plan.pairs() for one in plan.candidates for seed in seeds]


def chosen_runs(plan: Plan) -> Iterator[Run]:
    """Every candidate with every seed that is judged: all that a choice can ask for."""
    for pair in plan.pairs():
        for one in plan.candidates:
            for seed in plan.study.possible_seeds[: plan.study.looks.most(plan.variants[one.tuned])]:
                yield Run(*pair, one.variant, seed)


def every_run(plan: Plan) -> list[Run]:
    """All that there can be of a study, each once."""
    runs = [*plan.runs(), *choosing_runs(plan), *chosen_runs(plan)]
    return [*{run.path: run for run in runs}.values()]


def least_further(plan: Plan) -> list[Run]:
    """Runs besides those of fixed values that it takes at least: its first look, of what has no value of its own."""
    own = {one.tuned for one in plan.candidates if one.own}
    return [run for run in most_further(plan) if run.seed in _first_seeds(plan, run) and _tuned(plan, run) not in own]


def most_further(plan: Plan) -> list[Run]:
    """The most that it takes: every look, each variant at another value than its own; all values cost the same."""
    other = {one.tuned: one.variant.name for one in reversed(plan.candidates) if not one.own}
    return [run for run in chosen_runs(plan) if run.variant.name in other.values()]


def describe_tune(plan: Plan, describe_run: Callable[[Plan, Run], dict[str, Any]]) -> dict[str, Any] | None:
    """What ``plan.json`` has of it, each run as ``describe_run`` has it."""
    if (tune := plan.study.tuning) is None:
        return None
    ((key, _),) = tune.values.items()
    candidates = [{"tuned": one.tuned, "value": one.value, "variant": one.variant.name} for one in plan.candidates]
    runs = [describe_run(plan, run) for run in (*choosing_runs(plan), *chosen_runs(plan))]
    return {"key": key, "seeds": tune.seeds, "candidates": candidates, "runs": runs}


def _tuned(plan: Plan, run: Run) -> str:
    return next(one.tuned for one in plan.candidates if one.variant.name == run.variant.name)


def _first_seeds(plan: Plan, run: Run) -> list[int]:
    return plan.study.possible_seeds[: plan.study.looks.seeds(_tuned(plan, run), 0)]
