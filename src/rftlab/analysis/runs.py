"""Outcomes read back: from the evaluation files of a run and of its base model to arrays per query and checkpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rftlab.analysis.clusters import Clusters, Units
from rftlab.analysis.metrics import maj_at_k, pass_at_k
from rftlab.errors import BadInputError
from rftlab.evaluation.outcomes import read_rows
from rftlab.runfolder.study_plan import PlannedRun

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SampledMetrics:
    """Samples per query at the base model and the last checkpoint, and the k of pass@k; all samples vote in maj@k."""

    samples: int
    pass_at: tuple[int, ...]

    def values(self, answers_Qn: NDArray[np.int64], correct_Qn: NDArray[np.bool_]) -> dict[str, Floats]:
        """Each sampled metric, as values_Q."""
        solved_Q = correct_Qn.sum(axis=1)
        values = {f"pass@{k}": pass_at_k(solved_Q, self.samples, k) for k in self.pass_at}
        return values | {f"maj@{self.samples}": maj_at_k(answers_Qn, correct_Qn, self.samples)}


@dataclass(frozen=True)
class SetOutcomes:
    """Outcomes on one evaluation set at P checkpoints; ``queries`` are their ids, sorted.

    Q counts queries, or clusters where queries are of some: a cluster's value is the mean of its queries'.
    ``correct_QP`` are greedy answers (1 correct, 0 not), ``tokens_P`` and ``truncated_P`` their mean length and the
    share that hit the limit; ``forms`` maps a metric of their form to its values_P, ``sampled`` a round with samples to
    metric → values_Q.
    """

    queries: tuple[str, ...]
    rounds: tuple[int, ...]
    correct_QP: Floats
    tokens_P: Floats
    truncated_P: Floats
    forms: Mapping[str, Floats]
    sampled: Mapping[int, Mapping[str, Floats]]

    def followed_by(self, later: SetOutcomes) -> SetOutcomes:
        """These checkpoints and then those of ``later``, on the same queries."""
        return SetOutcomes(
            self.queries,
            self.rounds + later.rounds,
            np.concatenate([self.correct_QP, later.correct_QP], axis=1),
            np.concatenate([self.tokens_P, later.tokens_P]),
            np.concatenate([self.truncated_P, later.truncated_P]),
            {name: np.concatenate([values_P, later.forms[name]]) for name, values_P in self.forms.items()},
            {**self.sampled, **later.sampled},
        )


@dataclass(frozen=True)
class RunOutcomes:
    """A run on all its evaluation sets, from its base model (round 0) to the last checkpoint it reached."""

    labels: Mapping[str, Any]  # model, dataset, variant, factor, level, seed
    finished: bool
    weights: str | None  # sha256 of the last checkpoint
    rounds_P: Floats
    rollouts_P: Floats
    tokens_P: Floats
    suites: Mapping[str, Sequence[str]]
    sets: Mapping[str, SetOutcomes]
    seconds_per_round: float | None = None
    """What a round takes where the study ran, the median over all of the variant's; no verdict rests on it."""

    def position(self, budget: str) -> Floats:
        """Where its checkpoints lie on an axis: ``rounds``, ``rollouts``, ``tokens`` or ``seconds``."""
        if budget == "seconds":
            assert self.seconds_per_round is not None, "a run whose clock was not read has no seconds"
            return self.rounds_P * self.seconds_per_round
        return {"rounds": self.rounds_P, "rollouts": self.rollouts_P, "tokens": self.tokens_P}[budget]


def read_run(
    run: PlannedRun,
    manifest: Mapping[str, Any],
    base: Mapping[str, SetOutcomes],
    metrics: SampledMetrics,
    clusters: Clusters,
) -> RunOutcomes:
    """Read a run of the plan: its checkpoints from ``checkpoints.json``, its outcomes from one file per suite.

    Raises:
        BadInputError: an outcome is missing, of a query, a checkpoint or a set: nothing is computed from half the data.
    """
    checkpoints = manifest["checkpoints"]
    rounds = tuple(int(checkpoint["round"]) for checkpoint in checkpoints)
    sets = {}
    for suite, names in run.suites.items():
        path = Path(run.evaluations[suite])
        outcomes = read_outcomes(path, names if rounds else [], metrics, clusters)
        for name in names:
            if name not in base:
                raise BadInputError(f"{run.base}: no outcomes of the evaluation set {name}")
            if not rounds:  # diverged before its first checkpoint: the base model is what it leaves behind
                sets[name] = base[name]
                continue
            if outcomes[name].rounds != rounds:
                raise BadInputError(
                    f"{path}: {name} was evaluated at rounds {_list(outcomes[name].rounds)}, "
                    f"but {run.folder}/checkpoints.json lists {_list(rounds)}"
                )
            if outcomes[name].queries != base[name].queries:
                raise BadInputError(f"{path}: not the queries of {name} that {run.base} has")
            sets[name] = base[name].followed_by(outcomes[name])
    return RunOutcomes(
        labels=run.labels,
        finished=manifest["status"] == "finished",
        weights=checkpoints[-1]["sha256"] if checkpoints else None,
        rounds_P=np.array([0, *rounds], dtype=np.float64),
        rollouts_P=np.array([0, *(c["rollouts"] for c in checkpoints)], dtype=np.float64),
        tokens_P=np.array([0, *(c["tokens"] for c in checkpoints)], dtype=np.float64),
        suites=run.suites,
        sets=sets,
    )


def read_outcomes(
    path: Path, names: Sequence[str] | None, metrics: SampledMetrics, clusters: Clusters
) -> dict[str, SetOutcomes]:
    """Read the outcomes on some evaluation sets, or on all there are, from an evaluation file.

    Args:
        path: of the file.
        names: of the sets; None for all.
        metrics: what to make of samples.
        clusters: of the queries of each set, where they are of some.

    Raises:
        BadInputError: no such file, not an evaluation file, a set that is not in it, or an incomplete one.
    """
    rows = read_rows(path)
    if names is None:
        names = [str(name) for name in rows["evaluation_set"].cat.categories]
    outcomes = {}
    for name in names:
        of_set = rows[rows["evaluation_set"] == name]
        if of_set.empty:
            raise BadInputError(f"{path}: no outcomes of the evaluation set {name}")
        outcomes[name] = _set_outcomes(of_set, f"{path}: {name}", metrics, clusters.get(name, {}))
    return outcomes


def _set_outcomes(rows: pd.DataFrame, where: str, metrics: SampledMetrics, clusters: Mapping[str, str]) -> SetOutcomes:
    greedy, sampled = rows[rows["decoding"] == "greedy"], rows[rows["decoding"] == "sampled"]
    queries, rounds, order_QP = _grid(greedy, "round", where)
    units, values = Units.of(queries, clusters), {}
    for number in sorted(sampled["round"].unique()) if metrics.samples else []:
        at_round = sampled[sampled["round"] == number]
        sampled_queries, samples, order_Qn = _grid(at_round, "sample", where)
        if sampled_queries != queries or len(samples) != metrics.samples:
            raise BadInputError(
                f"{where} has {len(samples)} samples of {len(sampled_queries)} queries at round {number}, "
                f"the plan asks for {metrics.samples} of {len(queries)}"
            )
        answers_Qn = at_round["extracted"].cat.codes.to_numpy(np.int64)[order_Qn]
        of_queries = metrics.values(answers_Qn, at_round["correct"].to_numpy(bool)[order_Qn])
        values[int(number)] = {metric: units.mean(values_Q) for metric, values_Q in of_queries.items()}
    if metrics.samples and rounds[-1] not in values:
        raise BadInputError(
            f"{where} has no samples at round {rounds[-1]}, the plan asks for {metrics.samples} a query"
        )
    forms = {
        "greedy_strict": greedy["strict"],
        "greedy_flexible": greedy["flexible"],
        "format_rate": greedy["formatted"],
        "verifier_failure_rate": greedy["failure"].notna(),
    }

    def of_units(column: pd.Series[Any]) -> Floats:
        return units.mean(column.to_numpy(np.float64)[order_QP])

    return SetOutcomes(
        queries,
        rounds,
        of_units(greedy["correct"]),
        of_units(greedy["tokens"]).mean(axis=0),
        of_units(greedy["truncated"]).mean(axis=0),
        {name: of_units(column).mean(axis=0) for name, column in forms.items()},
        values,
    )


def _grid(rows: pd.DataFrame, key: str, where: str) -> tuple[tuple[str, ...], tuple[int, ...], NDArray[np.intp]]:
    """Queries, values of ``key`` and, for each pair of them, the position of its one row."""
    codes = rows["query"].cat.codes.to_numpy()
    keys = rows[key].to_numpy()
    present, values = np.unique(codes), np.unique(keys)
    order = np.lexsort((keys, codes))
    expected_codes, expected_keys = np.repeat(present, len(values)), np.tile(values, len(present))
    whole = len(order) == len(expected_keys) and len(order) > 0
    if not (whole and (codes[order] == expected_codes).all() and (keys[order] == expected_keys).all()):
        raise BadInputError(f"{where} has not exactly one row for every query and {key}")
    queries = tuple(str(query) for query in rows["query"].cat.categories[present])
    return queries, tuple(int(value) for value in values), order.reshape(len(present), len(values))


def _list(rounds: tuple[int, ...]) -> str:
    return ", ".join(map(str, rounds))
