"""Greedy answers of every run of a model × dataset, query by query, from its files of outcomes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from rftlab.errors import BadInputError
from rftlab.runfolder.study_plan import Pair, PlannedRun
from rftlab.views.results import Results

Bools = NDArray[np.bool_]
FORMS = ("correct", "strict", "flexible")
READ = ("round", "evaluation_set", "query", *FORMS)


@dataclass(frozen=True)
class Arm:
    """Answers of a variant's S runs to the Q queries of a set, at the last checkpoint of each; ``ever``: at any one.

    A run without a checkpoint, which diverged before its first, answers as its base model.
    """

    runs: tuple[PlannedRun, ...]
    correct_SQ: Bools
    strict_SQ: Bools
    flexible_SQ: Bools
    ever_SQ: Bools


@dataclass(frozen=True)
class SetAnswers:
    """Answers of a base model and of all variants to the queries of an evaluation set, in the order of their ids."""

    name: str
    suite: str
    queries: tuple[str, ...]
    base_Q: Bools
    arms: dict[str, Arm]


def read_answers(results: Results, pair: Pair, clusters: Mapping[str, Mapping[str, str]]) -> list[SetAnswers]:
    """Answers on every reported evaluation set of a pair, in the order of the report.

    Args:
        results: of the study.
        pair: one of its models and datasets.
        clusters: evaluation set → id of a query → its cluster, where it has one, as ``data.json`` has them.

    Raises:
        BadInputError: a file of outcomes is missing, or is not the one that the tables were made of.
    """
    runs = [run for run in results.plan.runs if run.pair == pair]
    sets = results.evaluation_sets(pair)
    accuracies = results.greedy(pair).set_index(["variant", "seed", "evaluation_set", "round"])["value"].to_dict()
    base_rows = read_greedy(Path(runs[0].base), READ)
    bases: dict[str, pd.DataFrame] = {
        s.name: base_rows[base_rows["evaluation_set"] == s.name].sort_values("query") for s in sets
    }
    weights = {name: weights_of(list(base["query"]), clusters.get(name, {})) for name, base in bases.items()}
    by_arm: dict[tuple[str, str], list[tuple[PlannedRun, list[Bools]]]] = {}
    for run in runs:
        for suite, path in run.evaluations.items():
            rows = read_greedy(Path(path), READ)
            for s in sets:
                if s.suite == suite:
                    of_set = rows[rows["evaluation_set"] == s.name]
                    answers = _of_run(of_set, bases[s.name], path)
                    _check(run, s.name, of_set, float(answers[0] @ weights[s.name]), accuracies)
                    by_arm.setdefault((s.name, run.variant), []).append((run, answers))
    found = []
    for s in sets:
        arms = {variant: _arm(some) for (name, variant), some in by_arm.items() if name == s.name}
        base = bases[s.name]
        found.append(SetAnswers(s.name, s.suite, tuple(base["query"]), base["correct"].to_numpy(bool), arms))
    return found


def read_greedy(path: Path, columns: Sequence[str], queries: Sequence[str] | None = None) -> pd.DataFrame:
    """Some columns of the greedy rows of a file of outcomes, of some queries if they are given.

    Raises:
        BadInputError: no such file, or no file of outcomes.
    """
    filters: list[tuple[str, str, Any]] = [("decoding", "=", "greedy")]
    filters += [("query", "in", set(queries))] if queries is not None else []
    try:
        rows: pd.DataFrame = pq.read_table(path, columns=list(columns), filters=filters).to_pandas()
    except FileNotFoundError:
        raise BadInputError(f"{path}: no such file: not evaluated yet") from None
    except (OSError, pa.ArrowException) as error:
        raise BadInputError(f"{path}: not an evaluation file: {error}") from None
    return rows


def _arm(some: Sequence[tuple[PlannedRun, list[Bools]]]) -> Arm:
    columns = zip(*(answers for _, answers in some), strict=True)
    return Arm(tuple(run for run, _ in some), *(np.stack(column) for column in columns))


def _of_run(rows: pd.DataFrame, base: pd.DataFrame, path: str) -> list[Bools]:
    """correct_Q, strict_Q and flexible_Q at the last checkpoint, and ever_Q."""
    if rows.empty:
        return [*(base[form].to_numpy(bool) for form in FORMS), np.zeros(len(base), bool)]
    last = rows[rows["round"] == rows["round"].max()].sort_values("query")
    if list(last["query"]) != list(base["query"]):
        raise BadInputError(f"{path}: it has other queries than the evaluation of its base model")
    ever = rows.groupby("query", sort=True)["correct"].any()
    return [*(last[form].to_numpy(bool) for form in FORMS), ever.to_numpy(bool)]


def weights_of(queries: Sequence[str], clusters: Mapping[str, str]) -> NDArray[np.float64]:
    """What each query counts in an accuracy: those of a cluster share what one without counts, and all add up to 1."""
    units = [(query in clusters, clusters.get(query, query)) for query in queries]
    sizes = Counter(units)
    return np.array([1 / (len(sizes) * sizes[unit]) for unit in units])


def _check(run: PlannedRun, name: str, rows: pd.DataFrame, accuracy: float, accuracies: dict[Any, float]) -> None:
    """Refuse outcomes that the tables were not made of."""
    if rows.empty:
        return
    last = int(rows["round"].max())
    table = accuracies.get((run.variant, run.seed, name, last))
    if table is None or abs(table - accuracy) > 1e-9:
        where = f"{run.key}, {name}, round {last}"
        raise BadInputError(f"{where}: its evaluation is not what the tables say: `snakemake tables` makes them again")
