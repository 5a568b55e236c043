"""What a reader must know before any number: that nothing was learned, or that something can show nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd

from rftlab.runfolder.study_plan import BASELINE, LEAST_SEEDS, Pair, PlannedVariant
from rftlab.views.results import Results

FLOOR, CEILING = 0.02, 0.98  # accuracies at which a set has no room to show a difference
MANY = 0.5  # a share of answers that explains why nothing is right
SOME = 0.1
FEW = 0.01  # a share of rollouts without a reward that is worth a warning


class Warning(NamedTuple):
    """A headline and a sentence."""

    headline: str
    sentence: str


def warnings(results: Results) -> list[Warning]:
    """Warnings of a study, the gravest first; none for a study that learned and whose controls behaved."""
    found = [*_unrewarded(results), *_seeds(results)]
    for pair in results.pairs:
        found += [*_unscored(results, pair), *_controls(results, pair), *_edges(results, pair)]
    return found


def _unrewarded(results: Results) -> Iterator[Warning]:
    """Pairs of which no rollout was ever correct."""
    for pair in results.pairs:
        curves = results.of(pair, "curves")
        if len(curves) and curves["accuracy"].max() == 0:
            told = f"Not one rollout of {pair} was correct, in any run or round{_cause(results, pair)}."
            yield Warning("Nothing was learned.", told)


def _unscored(results: Results, pair: Pair) -> Iterator[Warning]:
    """Variants whose reward file could not score rollouts."""
    curves = results.of(pair, "curves")
    if "reward_failures" not in curves:
        return
    runs = curves.groupby(["variant", "seed"], observed=True, sort=False)
    totals = runs.agg({"reward_failures": "sum", "rollouts": "max"}).groupby("variant", observed=True, sort=False).sum()
    shares = totals["reward_failures"] / totals["rollouts"]
    for variant, share in shares[shares >= FEW].items():
        told = f"{share:.0%} of the rollouts of {variant} ({pair}) could not be scored by its reward file"
        yield Warning("Rewards are missing.", f"{told}, and earned nothing there.")


def _seeds(results: Results) -> Iterator[Warning]:
    """Fewer seeds than a verdict needs."""
    if results.partial:
        yield Warning("Partial.", results.partial)
    if results.plan.race.looks[0] < LEAST_SEEDS:
        yield Warning(
            "No verdicts.",
            f"This study has {results.seeds}; below {LEAST_SEEDS} the spread between seeds "
            "cannot be told from an effect, so that the numbers describe these runs only.",
        )


def behaves(results: Results, pair: Pair, control: PlannedVariant) -> bool | None:
    """Whether a control is lower than its reference in distribution, at any budget; None where it was not judged."""
    judged = results.judged(pair)
    verdicts = judged.loc[(judged["suite"] == "id") & (judged["variant"] == control.name), "verdict"]
    if (verdicts == "lower").any():
        return True
    return None if verdicts.isin(("too few seeds", "running")).any() or not len(verdicts) else False


def _controls(results: Results, pair: Pair) -> Iterator[Warning]:
    """Controls that do not behave."""
    for variant in (v for v in results.levels if v.control and behaves(results, pair, v) is False):
        told = f"{variant.name} is not lower than {variant.relative_to} in distribution ({pair}): what it is compared "
        yield Warning("A control did not behave.", told + "with has not measurably learned, or the control is none.")


def _edges(results: Results, pair: Pair) -> Iterator[Warning]:
    """Sets on which base model and variants at their last checkpoints, as means over seeds, are all right or wrong."""
    greedy = results.greedy(pair)
    last = greedy[greedy["round"] == greedy.groupby(["variant", "seed"], observed=True)["round"].transform("max")]
    ends = pd.concat([greedy[greedy["round"] == 0].assign(variant="base"), last])
    means = ends.groupby(["evaluation_set", "variant"], observed=True, sort=False)["value"].mean().round(9)
    for name, values in means.groupby("evaluation_set", observed=True, sort=False):
        if values.max() <= FLOOR:
            why = _cause(results, pair, str(name))
            told = f"On {name} ({pair}) neither the base model nor any variant is above {FLOOR:.0%}{why}."
            yield Warning("A set is at its floor.", told)
        elif values.min() >= CEILING:
            told = f"On {name} ({pair}) neither the base model nor any variant is below {CEILING:.0%}"
            yield Warning("A set is at its ceiling.", f"{told}: it is too easy to show a difference.")


def _cause(results: Results, pair: Pair, evaluation_set: str | None = None) -> str:
    """Why answers of the baseline may be wrong, as far as its evaluations tell; nothing where they do not."""
    table = results.of(pair, "evaluations")
    table = table[table["variant"] == BASELINE]
    if evaluation_set is not None:
        table = table[table["evaluation_set"] == evaluation_set]
    share = table.groupby("metric", observed=True)["value"].mean()
    if "format_rate" not in share:
        return ""
    cut, failed, formed = (share.get(name, 0.0) for name in ("truncation_rate", "verifier_failure_rate", "format_rate"))
    if cut >= MANY:
        told = f"{cut:.0%} of the baseline's answers are cut off, so max_new_tokens may be too small"
    elif failed >= SOME:
        told = f"{failed:.0%} of the baseline's answers could not be judged by the verifier"
    elif formed < MANY:
        told = f"only {formed:.0%} of the baseline's answers have the form that the verifier reads"
    else:
        told = "most answers have a form that is read, so the task may be too hard, or the verifier a wrong one"
    return f": {told}"
