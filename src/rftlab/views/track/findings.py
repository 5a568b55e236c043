"""What the summary run says as metrics and tags: gains with their intervals, in points, and verdicts.

Imports no mlflow.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from rftlab.views.results import read_table

TABLE = "tables/verdicts.parquet"
ENDS = {"estimate": "", "low": " low", "high": " high"}  # of an interval


class Findings(NamedTuple):
    """Metrics and tags of a summary."""

    metrics: dict[str, float]
    tags: dict[str, str]


NOTHING = Findings({}, {})


def findings(path: Path) -> Findings:
    """What the table of verdicts says, whatever the order of its rows.

    Raises:
        BadInputError: it is no Parquet file.
    """
    verdicts = read_table(path).sort_values(["model", "dataset", "factor", "level", "suite", "budget"])
    return Findings(metrics(verdicts), tags(verdicts))


def metrics(verdicts: pd.DataFrame) -> dict[str, float]:
    """``gain id rounds/rollouts:n8`` in points, its interval as the same `` low`` and `` high``.

    Where there is no interval there are no ends. A level's name has a colon for its slash, or MLflow would make a
    section of charts of every factor.
    """
    found = {}
    row: Any
    for row, name in zip(verdicts.itertuples(), _names(verdicts, ":"), strict=True):
        for column, end in ENDS.items():
            if not pd.isna(value := getattr(row, column)):
                found[f"gain {row.suite} {row.budget}/{name}{end}"] = 100 * float(value)
    return found


def tags(verdicts: pd.DataFrame) -> dict[str, str]:
    """``rollouts/n8 id rounds`` → ``higher, +6.1 [+4.3, +7.9] points``: what a page cuts off is not the level."""
    found = {}
    row: Any
    for row, name in zip(verdicts.itertuples(), _names(verdicts, "/"), strict=True):
        interval = "" if pd.isna(row.low) else f" [{100 * row.low:+.1f}, {100 * row.high:+.1f}]"
        found[f"{name} {row.suite} {row.budget}"] = f"{row.verdict}, {100 * row.estimate:+.1f}{interval} points"
    return found


def _names(verdicts: pd.DataFrame, slash: str) -> list[str]:
    """Level, after model and dataset where there are several."""
    several = len(verdicts[["model", "dataset"]].drop_duplicates()) > 1
    columns = verdicts[["model", "dataset", "factor", "level"]].itertuples(index=False, name=None)
    return [
        " ".join(
            [*((model, dataset) if several else ()), level if factor == "noise_floor" else f"{factor}{slash}{level}"]
        )
        for model, dataset, factor, level in columns
    ]
