"""Marginal gains: what each level did, as paired differences variant − reference by seed and query.

What is paired with what
    Runs of one model, dataset and seed: the variant's and that of its ``relative_to``. Only seeds that both have.
Metrics
    ``greedy`` (primary): greedy answers at the end. ``greedy_auc``: their average over the curve, round 0 (the base
    model) included. ``greedy_best_validation``: each run at its own checkpoint with the best mean greedy accuracy over
    the validation sets of its ``id`` suite; round 0 is a candidate, since one can always keep the base model, and ties
    go to the earliest. ``pass@k`` and ``maj@k``: from the samples at each run's last checkpoint.
Queries
    Those of a cluster were averaged before (:mod:`rftlab.analysis.clusters`); ``n_queries`` counts clusters then.
Budgets
    At equal ``rounds``, at equal sampled ``rollouts`` or ``tokens``, statistics rollouts among them, or at equal
    ``seconds`` of training: both curves of a pair are read at, or averaged up to, the most that both reached, linearly
    between checkpoints, query by query. With a budget in rounds, ``greedy`` at equal rounds is the last checkpoint of
    both. The metrics of a single checkpoint have no curve: they stand under ``rounds``. Seconds are rounds times the
    median that a round of the variant took in this study, so that a busy hour of the machine is in no run's disfavour;
    they hold for the machine that the study ran on.
Divergence
    A diverged run stays at the last checkpoint it reached, to the end of its partner: what divergence cost is part of
    the effect, and cutting the partner short would hide it. ``n_diverged`` counts the pairs in which a run diverged.
Many comparisons
    None of these is judged: verdicts are about the primary endpoint alone (:mod:`rftlab.analysis.primary`). Intervals
    and p are of one comparison each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rftlab.analysis.metrics import area_under_curve, value_at
from rftlab.analysis.runs import RunOutcomes
from rftlab.analysis.statistics import crossed
from rftlab.errors import BadInputError
from rftlab.runfolder.study_plan import BUDGETS, PlannedVariant

Floats = NDArray[np.float64]
Runs = Mapping[tuple[str, int], RunOutcomes]  # (variant, seed) → run


def marginal_gains(
    runs: Runs,
    variants: Sequence[PlannedVariant],
    splits: Mapping[str, str],
    *,
    confidence: float,
) -> list[dict[str, Any]]:
    """Marginal gains of every level, for the runs of one model and dataset.

    Args:
        runs: by variant and seed.
        variants: of the plan.
        splits: split of each evaluation set; those of ``validation`` choose checkpoints and are not reported.
        confidence: coverage of the intervals.

    Returns:
        One row per level, evaluation set, metric and budget; estimates and intervals are fractions.

    Raises:
        BadInputError: a level shares no seed with its reference.
    """
    rows = []
    for variant in variants:
        if variant.relative_to is None or not any(name == variant.name for name, _ in runs):
            continue
        pairs = _pairs(runs, variant)
        labels = {"factor": variant.factor, "level": variant.level, "relative_to": variant.relative_to}
        counts = {
            "inert": all(inert(run, reference) for run, reference in pairs),
            "n_diverged": sum(not (run.finished and reference.finished) for run, reference in pairs),
        }
        for suite, name in _reported_sets(pairs, splits):
            by_seed = [dict(differences(run, reference, name, splits)) for run, reference in pairs]
            for metric, budget in by_seed[0]:
                estimate = crossed(np.stack([of_seed[metric, budget] for of_seed in by_seed]), confidence)
                place = {"evaluation_set": name, "suite": suite, **labels, "metric": metric, "budget": budget}
                rows.append(place | asdict(estimate) | counts)
    return rows


def differences(
    run: RunOutcomes, reference: RunOutcomes, name: str, splits: Mapping[str, str]
) -> Iterator[tuple[tuple[str, str], Floats]]:
    """Differences_Q of one pair of runs on one evaluation set, by metric and budget."""
    outcomes, outcomes_reference = run.sets[name], reference.sets[name]
    if outcomes.queries != outcomes_reference.queries:
        raise BadInputError(f"{name}: {_name(run)} and {_name(reference)} answered different queries")
    timed = run.seconds_per_round is not None and reference.seconds_per_round is not None
    for budget in (*BUDGETS, *(["seconds"] if timed else [])):
        x, x_reference = run.position(budget), reference.position(budget)
        end = common_end([(x[-1], run.finished), (x_reference[-1], reference.finished)])
        curve = extend(x, outcomes.correct_QP, end)
        curve_reference = extend(x_reference, outcomes_reference.correct_QP, end)
        yield ("greedy", budget), value_at(*curve, end) - value_at(*curve_reference, end)
        yield ("greedy_auc", budget), area_under_curve(*curve, end) - area_under_curve(*curve_reference, end)
    best, best_reference = best_validation(run, splits), best_validation(reference, splits)
    if best is not None and best_reference is not None:
        gain_Q = outcomes.correct_QP[:, best] - outcomes_reference.correct_QP[:, best_reference]
        yield ("greedy_best_validation", "rounds"), gain_Q
    last = outcomes.sampled.get(outcomes.rounds[-1], {})
    last_reference = outcomes_reference.sampled.get(outcomes_reference.rounds[-1], {})
    for metric, values_Q in last.items():
        yield (metric, "rounds"), values_Q - last_reference[metric]


def common_end(ends: Sequence[tuple[float, bool]]) -> float:
    """Position up to which a pair is compared, from (last position, finished) of each of its runs.

    The smallest end of a finished run: a diverged one holds its last checkpoint. If none finished, the largest end.
    """
    finished_ends = [end for end, finished in ends if finished]
    return float(min(finished_ends) if finished_ends else max(end for end, _ in ends))


def extend(x_P: Floats, y_QP: Floats, end: float) -> tuple[Floats, Floats]:
    """Extend a curve to ``end`` at its last height, where it ends before that."""
    if x_P[-1] >= end:
        return x_P, y_QP
    return np.append(x_P, end), np.concatenate([y_QP, y_QP[:, -1:]], axis=1)


def best_validation(run: RunOutcomes, splits: Mapping[str, str]) -> int | None:
    """Which checkpoint of a run the validation sets of its ``id`` suite choose; None when it has no such set."""
    names = [name for name in run.suites.get("id", ()) if splits[name] == "validation"]
    if not names:
        return None
    accuracy_P = np.mean([run.sets[name].correct_QP.mean(axis=0) for name in names], axis=0)
    return int(np.argmax(np.round(accuracy_P, 12)))  # the first of equals; rounded, or sums in another order break ties


def inert(run: RunOutcomes, reference: RunOutcomes) -> bool:
    """Whether a level changed nothing: the final weights of both runs are the same bytes."""
    return run.weights is not None and run.weights == reference.weights


def _pairs(runs: Runs, variant: PlannedVariant) -> list[tuple[RunOutcomes, RunOutcomes]]:
    name, relative_to = variant.name, str(variant.relative_to)
    seeds = sorted(seed for of, seed in runs if of == name and (relative_to, seed) in runs)
    if not seeds:
        raise BadInputError(f"level {name}: no seed in common with its reference {relative_to}")
    return [(runs[name, seed], runs[relative_to, seed]) for seed in seeds]


def _reported_sets(
    pairs: Sequence[tuple[RunOutcomes, RunOutcomes]], splits: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    run, _ = pairs[0]
    for suite, names in run.suites.items():
        yield from ((suite, name) for name in names if splits[name] != "validation")


def _name(run: RunOutcomes) -> str:
    return f"{run.labels['variant']}/seed-{run.labels['seed']}"
