"""The primary endpoint: what a study says of each level, on each suite, at equal rounds, rollouts or tokens.

A hypothesis is a level on a suite of evaluation sets, each set counting equally, at one budget. Where a level samples
as many rollouts in a round as its reference, equal rounds are equal rollouts, and both are one hypothesis. All of a
study are judged together (:mod:`rftlab.analysis.race`), controls among themselves: whether they behaved is no
finding. An A/A variant is no hypothesis, and neither is a level whose final weights are its reference's, byte for byte:
it is equivalent without a test. Where a run diverged, or its level or reference collapsed, nothing is called
equivalent: the mean over seeds does not say what became of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rftlab.analysis.estimator import Arm, Difference, Term, contrast, moderated, prior
from rftlab.analysis.marginal_gains import Runs, best_validation, common_end, extend, inert
from rftlab.analysis.metrics import area_under_curve, value_at
from rftlab.analysis.runs import RunOutcomes
from rftlab.runfolder.study_plan import CURVES, LEAST_SEEDS, Pair, PlannedPrimary, PlannedVariant

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Comparison:
    """A level against its reference on the sets of one suite, at one budget or at both, which are then the same."""

    pair: Pair | None  # None: over several
    variant: PlannedVariant
    suite: str
    metric: str
    budgets: tuple[str, ...]
    found: Difference
    inert: bool
    unsettled: bool
    """Whether a run diverged or collapsed, so that no mean stands for all of them."""
    terms: tuple[Term, ...] = ()
    """The level's arm and its reference's, which ``found`` is the difference of."""

    @property
    def key(self) -> str:
        """What names it within a study."""
        return "/".join([*(self.pair or ()), self.variant.name, self.suite, *self.budgets])

    @property
    def arm(self) -> tuple[Pair | None, str]:
        """The level, and where it was trained."""
        return self.pair, self.variant.name

    @property
    def tested(self) -> bool:
        """Whether it is a hypothesis."""
        return not (self.inert or self.variant.noise_floor or min(self.found.seeds) < LEAST_SEEDS)


def comparisons(
    runs: Runs,
    variants: Sequence[PlannedVariant],
    splits: Mapping[str, str],
    primary: PlannedPrimary,
    collapsed: Sequence[tuple[str, int]],
    pair: Pair,
) -> list[Comparison]:
    """Differences of every level to its reference, for the runs of one model and dataset.

    Args:
        runs: by variant and seed.
        variants: of the plan.
        splits: split of each evaluation set; those of ``validation`` are not reported.
        primary: the metric, one of ``CURVES``, ``greedy_best_validation`` or sampled such as ``pass@1``, and budgets.
        collapsed: variant and seed of the runs that collapsed.
        pair: their model and dataset.
    """
    of = {v.name: [run for (name, _), run in sorted(runs.items()) if name == v.name] for v in variants}
    lost = {name for name, seed in collapsed} | {name for name, some in of.items() if not all(r.finished for r in some)}
    found, metric = [], primary.metric
    for suite in ("id", "ood"):
        alone = [arm_of(some, suite, splits, metric, "rounds", end_of(some, "rounds")) for some in of.values() if some]
        common = prior([arm for arm in alone if arm is not None])
        for variant in variants:
            if variant.relative_to is None or not (of[variant.name] and of[variant.relative_to]):
                continue
            ours, theirs = of[variant.name], of[variant.relative_to]
            both = [*ours, *theirs]
            same = len(set().union(*map(rollouts_per_round, both))) == 1
            names = tuple((name, ours[0].sets[name].queries) for name in reported_sets(ours[0], suite, splits))
            of_seed = {run.labels["seed"]: run for run in theirs}
            alike = all(run.labels["seed"] in of_seed and inert(run, of_seed[run.labels["seed"]]) for run in ours)
            unsettled = not lost.isdisjoint({variant.name, variant.relative_to})
            for budgets in primary.hypotheses(same):
                end = end_of(both, budgets[0])
                arm, against = (arm_of(some, suite, splits, metric, budgets[0], end) for some in (ours, theirs))
                if arm is None or against is None:
                    continue
                terms = tuple(Term(c, of_c, moderated(of_c, common), names) for c, of_c in ((1, arm), (-1, against)))
                found.append(
                    Comparison(pair, variant, suite, metric, budgets, contrast(terms), alike, unsettled, terms)
                )
    return found


def reported_sets(run: RunOutcomes, suite: str, splits: Mapping[str, str]) -> list[str]:
    """The sets of a suite that count; those of ``validation`` only choose checkpoints."""
    return [name for name in run.suites.get(suite, ()) if splits[name] != "validation"]


def end_of(runs: Sequence[RunOutcomes], budget: str) -> float:
    """Up to where runs are compared: the end that all that finished have reached."""
    return common_end([(float(run.position(budget)[-1]), run.finished) for run in runs])


def rollouts_per_round(run: RunOutcomes) -> set[float]:
    """At its checkpoints: one number, or none of a run that diverged before its first."""
    return set(run.rollouts_P[1:] / run.rounds_P[1:])


def arm_of(
    runs: Sequence[RunOutcomes], suite: str, splits: Mapping[str, str], metric: str, budget: str, end: float
) -> Arm | None:
    """Runs of one variant on the reported sets of a suite; None where it has none, or nothing of the metric."""
    names = reported_sets(runs[0], suite, splits)
    values = [[_values(run, name, splits, metric, budget, end) for run in runs] for name in names]
    if not values or any(value is None for of_set in values for value in of_set):
        return None
    return Arm.of(*(np.stack([value for value in of_set if value is not None]) for of_set in values))


def _values(
    run: RunOutcomes, name: str, splits: Mapping[str, str], metric: str, budget: str, end: float
) -> Floats | None:
    """values_Q of a run on a set; a run that diverged stays at its last checkpoint."""
    outcomes = run.sets[name]
    if metric in CURVES:
        x_P, y_QP = extend(run.position(budget), outcomes.correct_QP, end)
        if metric == "greedy":
            return value_at(x_P, y_QP, end)
        whole = area_under_curve(x_P, y_QP, end)
        if metric == "greedy_auc":
            return whole
        return 2 * whole - area_under_curve(x_P, y_QP, (x_P[0] + end) / 2)
    if metric == "greedy_best_validation":
        best = best_validation(run, splits)
        return None if best is None else outcomes.correct_QP[:, best]
    return outcomes.sampled.get(outcomes.rounds[-1], {}).get(metric)
