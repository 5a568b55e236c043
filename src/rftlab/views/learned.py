"""Whether the baseline of a study learned at all: its own sentence, and what it means for the sentences of levels."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import pandas as pd

from rftlab.runfolder.study_plan import BASELINE
from rftlab.views.cells import points
from rftlab.views.results import SUITES, Results
from rftlab.views.warnings import behaves


class Finding(NamedTuple):
    """A sentence: what it is about, and what it says of it."""

    about: str
    rest: str

    def __str__(self) -> str:
        return f"{self.about}{self.rest}"


def baseline_learned(results: Results) -> Finding:
    """Whether the baseline learned: greedy accuracy before and after, and whether its controls behaved."""
    moved = pd.concat([_moved(results.greedy(pair)).assign(pair=str(pair)) for pair in results.pairs])
    if moved.empty:
        return Finding("The baseline", " has not been evaluated.")
    several = len(results.pairs) > 1
    parts = []
    for suite, here in moved.groupby("suite", sort=False):
        means = here.groupby("pair", sort=False)[["before", "after"]].mean()
        each = means if several else here
        up = f"up in {int((each['after'] > each['before']).sum())} of {len(each)} {'pairs' if several else 'seeds'}"
        if several:
            told = f"by {extent(100 * (means['after'] - means['before']))} points"
        else:
            told = f"from {means['before'].iloc[0]:.1%} to {means['after'].iloc[0]:.1%}"
        parts.append(f"{told} {SUITES[str(suite)]} ({up})")
    rose = f"its greedy accuracy at the end of training {'changed' if several else 'went'} {listed(parts)}"
    means = moved[moved["suite"] == "id"].groupby("pair")[["before", "after"]].mean()
    controls = [v for v in results.levels if v.control]
    ways = {v.name: {behaves(results, pair, v) for pair in results.pairs} - {None} for v in controls}
    judged = [name for name in ways if ways[name]]
    if not judged:
        return Finding("The baseline", f": {rose}; no control with a verdict says what learning nothing looks like.")
    failed = [name for name in judged if False in ways[name]]
    if failed or not (means["after"] > means["before"]).all():
        why = f"; {listed(failed)} {are(failed)} not lower, as a control must be" if failed else ""
        return Finding("That the baseline learned", f" is not shown: {rose}{why}.")
    return Finding(
        "The baseline learned in distribution",
        f": {rose}; {listed(judged)} {are(judged)} lower in distribution, as controls must be{untouched(results)}.",
    )


def _moved(greedy: pd.DataFrame) -> pd.DataFrame:
    """Greedy accuracy of the baseline before and after training, by suite and seed; sets count equally."""
    runs = greedy[greedy["variant"] == BASELINE]
    last = runs["round"] == runs.groupby("seed")["round"].transform("max")
    by = ["suite", "seed"]
    ends = {"before": runs[runs["round"] == 0], "after": runs[last]}
    return pd.DataFrame({name: end.groupby(by)["value"].mean() for name, end in ends.items()}).reset_index()


def untouched(results: Results) -> str:
    """Where no training is equivalent to training: what is equivalent there may be so for want of anything to lose.

    Told by a control with a learning rate of 0 that is equivalent to the baseline on a suite, in all pairs.
    """
    rows = results.hypotheses()
    idle = [v.name for v in results.levels if v.control and v.overrides.get("optimizer.lr") == 0]
    parts = []
    for (suite, name), here in rows[rows["variant"].isin(idle)].groupby(["suite", "variant"], sort=False):
        if (here["verdict"] == "equivalent").all():
            parts.append(
                f". {SUITES[str(suite)].capitalize()} training itself changed little ({name}, which is not trained, is "
                "equivalent): that a level is equivalent there says little of the level"
            )
    return "".join(parts)


def extent(effects: pd.Series) -> str:
    """``+3.1 to +8.0``, of effects in points."""
    low, high = points(effects.min() / 100), points(effects.max() / 100)
    return low if low == high else f"{low} to {high}"


def are(names: Collection[str]) -> str:
    """``is`` or ``are``."""
    return "is" if len(names) == 1 else "are"


def listed(parts: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
