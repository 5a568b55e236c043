"""How the simulated studies spread beside a real one: seeds, queries, arms, and the standard error of a difference.

    PYTHONPATH=src:tests/helpers .venv/bin/python benchmarks/spreads.py results/demo     # any finished study's folder

The metric is the mean greedy accuracy over the checkpoints, at equal rounds, on the first test set in distribution of
the first pair; controls are left out. The simulated studies have the real one's queries, seeds and estimated effects.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rftlab.analysis.estimator import Arm, difference, moderated, prior
from rftlab.analysis.metrics import area_under_curve
from rftlab.analysis.runs import SampledMetrics, read_outcomes
from rftlab.runfolder.study_plan import BASELINE, CONTROL_FACTORS
from simulated import Population, Study

STUDIES = 60
SMALL = 0.02
"""Effects below this are hardly any."""


def real(folder: Path) -> dict[str, Arm]:
    """Arms of a finished study."""
    plan: dict[str, Any] = json.loads((folder / "plan.json").read_text("utf-8"))
    root, first = folder.resolve().parents[1], plan["runs"][0]
    pair = (first["model"], first["dataset"])
    name = next(n for n in first["suites"]["id"] if plan["evaluation_sets"][n]["split"] == "test")
    base = read_outcomes(root / first["base"], [name], SampledMetrics(0, ()), {})[name]
    values: dict[str, list[Any]] = {}
    for run in plan["runs"]:
        trained = (root / run["evaluations"]["id"]).is_file()  # a race trains some of those that are planned
        if trained and (run["model"], run["dataset"]) == pair and run["factor"] not in CONTROL_FACTORS:
            ended = read_outcomes(root / run["evaluations"]["id"], [name], SampledMetrics(0, ()), {})[name]
            whole = base.followed_by(ended)
            x_P = np.array(whole.rounds, float)
            values.setdefault(run["variant"], []).append(area_under_curve(x_P, whole.correct_QP, x_P[-1]))
    return {variant: Arm.of(np.stack(of_seed)) for variant, of_seed in values.items()}


def simulated(like: Mapping[str, Arm], number: int) -> dict[str, Arm]:
    """Arms with a real study's seeds, queries and estimated effects."""
    effects = {name: float(np.clip(arm.mean - like[BASELINE].mean, -0.12, 0.12)) for name, arm in like.items()}
    effects.pop(BASELINE)
    study = Study(np.random.default_rng([7, number]), effects, Population(queries=like[BASELINE].queries[0]))
    return {name: study.arm(name, arm.seeds) for name, arm in like.items()}


def spreads(arms: Mapping[str, Arm]) -> dict[str, float]:
    """Variance components of a study, averaged over its arms, and the mean of the squared standard errors."""
    base, common = arms[BASELINE], prior([*arms.values()])
    Q = base.queries[0]
    found: dict[str, list[float]] = {"seed": [], "seed × query": [], "query": []}
    for name, arm in arms.items():
        found["seed"].append(arm.variance - arm.residuals[0] / Q)
        found["seed × query"].append(arm.residuals[0])
        found["query"].append(float(arm.means[0].var(ddof=1)) - arm.residuals[0] / arm.seeds)
        if name == BASELINE:
            continue
        gap_Q = arm.means[0] - base.means[0]
        noise = arm.residuals[0] / arm.seeds + base.residuals[0] / base.seeds
        kind = (
            f"query × level, effect below {100 * SMALL:g} points"
            if abs(gap_Q.mean()) < SMALL
            else "query × level, other"
        )
        found.setdefault(kind, []).append(float(gap_Q.var(ddof=1)) - noise)
        estimate = difference(arm, base, moderated(arm, common), moderated(base, common))
        found.setdefault(f"SE of a difference, {arm.seeds} and {base.seeds} seeds", []).append(estimate.se**2)
        for seeds in ((3, 9), (12, 12)):
            label = f"the same with {seeds[0]} and {seeds[1]} seeds"
            found.setdefault(label, []).append(estimate.with_seeds(*seeds).se ** 2)
    return {name: float(np.mean(values)) for name, values in found.items()}


def main() -> None:
    """Print a table in Markdown, all in points of accuracy."""
    for folder in map(Path, sys.argv[1:]):
        arms = real(folder)
        ours, drawn = spreads(arms), [spreads(simulated(arms, number)) for number in range(STUDIES)]
        print(f"\n{folder.name}: {len(arms)} arms, {arms[BASELINE].seeds} seeds, {arms[BASELINE].queries[0]} queries\n")
        print(
            f"| SD or SE, in points | {folder.name} | simulated | middle 90% of simulated studies |\n|---|---|---|---|"
        )
        for name, value in ours.items():
            of = np.array([one[name] for one in drawn if name in one])
            low, high = np.quantile(of, [0.05, 0.95])
            shown = (_points(number) for number in (value, of.mean(), low, high))
            print("| {} | {} | {} | {} to {} |".format(name, *shown))


def _points(variance: float) -> str:
    """A root in points; a variance component can be estimated below zero."""
    return f"{100 * np.sqrt(max(variance, 0.0)):.1f}"


if __name__ == "__main__":
    main()
