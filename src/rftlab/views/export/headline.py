"""The headline table of a study: what was found at the primary endpoint, a row per level, suite and budget."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from rftlab.runfolder.study_plan import BUDGETS, Pair, PlannedVariant
from rftlab.views.results import SUITES, Results

SAME = ["estimate", "low", "high", "p", "verdict"]  # what rows of one hypothesis share
COLUMNS = {
    **dict.fromkeys(("model", "dataset", "level", "reference", "suite", "budget"), "string"),
    **dict.fromkeys(("estimate", "low", "high", "p"), "float64"),
    **{"verdict": "string", "detectable": "float64", "seeds": "int64", "reference_seeds": "int64"},
    **dict.fromkeys(("control", "inert", "unsettled"), "bool"),
}


def headline(results: Results) -> pd.DataFrame:
    """Verdicts in the study's order, one row a hypothesis; differences in percentage points, detectable ones too.

    A level that samples as many rollouts in a round as its reference has one row for these budgets, ``rounds,
    rollouts``.
    ``detectable`` is what an undecided comparison had a chance of 80% to find, and missing for others.
    """
    rows = [row for pair in results.pairs for row in _rows(results, pair)]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


def _rows(results: Results, pair: Pair) -> Iterator[dict[str, Any]]:
    judged = results.judged(pair)
    for variant in results.levels:
        for suite in SUITES:
            here = judged[(judged["variant"] == variant.name) & (judged["suite"] == suite)]
            here = here.sort_values("budget", key=lambda budgets: budgets.map(BUDGETS.index))
            for _, same in here.groupby(SAME, sort=False, dropna=False):
                yield _row(pair, variant, suite, same)


def _row(pair: Pair, variant: PlannedVariant, suite: str, same: pd.DataFrame) -> dict[str, Any]:
    found = same.iloc[0]
    return {
        **pair._asdict(),
        "level": variant.label,
        "reference": variant.relative_to,
        "suite": SUITES[suite],
        "budget": ", ".join(same["budget"]),
        **{name: 100 * found[name] for name in ("estimate", "low", "high")},
        "p": found["p"],
        "verdict": found["verdict"],
        "detectable": 100 * found["detectable"] if found["verdict"] == "undecided" else float("nan"),
        "seeds": found["n_seeds"],
        "reference_seeds": found["n_seeds_reference"],
        "control": variant.control,
        **{name: bool(same[name].any()) for name in ("inert", "unsettled")},
    }
