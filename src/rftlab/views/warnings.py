"""What a reader must know before any number: that nothing was learned, or that a control or a set can show nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd

from rftlab.runfolder.study_plan import BASELINE, Pair
from rftlab.views.results import Results

FLOOR, CEILING = 0.02, 0.98  # accuracies at which a set has no room to show a difference
MANY = 0.5  # a share of answers that explains why nothing is right
SOME = 0.1


class Warning(NamedTuple):
    """A headline and a sentence."""

    headline: str
    sentence: str


def warnings(results: Results) -> list[Warning]:
    """Warnings of a study, the gravest first; none for a study that learned and whose controls behaved."""
    found = list(_unrewarded(results))
    for pair in results.pairs:
        found += [*_controls(results, pair), *_edges(results, pair)]
    return found


def _unrewarded(results: Results) -> Iterator[Warning]:
    """Pairs of which no rollout was ever correct."""
    for pair in results.pairs:
        curves = results.of(pair, "curves")
        if len(curves) and curves["accuracy"].max() == 0:
            told = f"Not one rollout of {pair} was correct, in any run or round{_cause(results, pair)}."
            yield Warning("Nothing was learned.", told)


def _controls(results: Results, pair: Pair) -> Iterator[Warning]:
    """Controls that are not lower than the baseline on any set in distribution."""
    gains = results.gains(pair)
    within = gains[gains["suite"] == "id"]
    for variant in (v for v in results.levels if v.control):
        verdicts = within.loc[within["variant"] == variant.name, "verdict"]
        if len(verdicts) and not (verdicts == "lower").any() and "too few seeds" not in set(verdicts):
            told = (
                f"{variant.name} is not lower than {variant.relative_to} in distribution ({pair}): what it is compared "
            )
            yield Warning(
                "A control did not behave.", told + "with has not measurably learned, or the control is none."
            )


def _edges(results: Results, pair: Pair) -> Iterator[Warning]:
    """Sets on which everything, the base model and every variant at every checkpoint, is right or wrong."""
    greedy = results.greedy(pair)
    for name, values in greedy.groupby("evaluation_set", observed=True, sort=False)["value"]:
        if values.max() <= FLOOR:
            why = _cause(results, pair, str(name))
            yield Warning("A set is at its floor.", f"On {name} ({pair}) nothing is ever above {FLOOR:.0%}{why}.")
        elif values.min() >= CEILING:
            told = f"On {name} ({pair}) nothing is ever below {CEILING:.0%}: it is too easy to show a difference."
            yield Warning("A set is at its ceiling.", told)


def _cause(results: Results, pair: Pair, evaluation_set: str | None = None) -> str:
    """Why answers of the baseline may be wrong, as far as its evaluations tell."""
    table = results.of(pair, "evaluations")
    table = table[table["variant"] == BASELINE]
    if evaluation_set is not None:
        table = table[table["evaluation_set"] == evaluation_set]
    share = {name: _mean(table, name) for name in ("truncation_rate", "format_rate", "verifier_failure_rate")}
    if share["truncation_rate"] >= MANY:
        told = (
            f"{share['truncation_rate']:.0%} of the baseline's answers are cut off, so max_new_tokens may be too small"
        )
    elif share["verifier_failure_rate"] >= SOME:
        told = f"{share['verifier_failure_rate']:.0%} of the baseline's answers could not be judged by the verifier"
    elif share["format_rate"] < MANY:
        told = f"only {share['format_rate']:.0%} of the baseline's answers have the form that the verifier reads"
    else:
        told = "most answers have a form that is read, so the task may be too hard, or the verifier a wrong one"
    return f": {told}"


def _mean(table: pd.DataFrame, metric: str) -> float:
    values = table.loc[table["metric"] == metric, "value"]
    return float(values.mean()) if len(values) else 0.0
