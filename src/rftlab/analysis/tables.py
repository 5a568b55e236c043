"""Tables: the files of a study's runs → runs, curves, evaluations, marginal gains, verdicts and more, CSV and Parquet.

Stage: ``python -m rftlab.analysis.tables --plan results/<study>/plan.json --expected results/<study>/expected.json
--data results/<study>/data.json --folder results/<study>/tables``, from the folder that the plan's paths are relative
to. Rows are sorted; CSV bytes depend on the inputs alone; 0.05 is 5 points.
"""

from __future__ import annotations

import argparse
import collections
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rftlab.analysis.collapses import COLLAPSES, collapses
from rftlab.analysis.factorial import EFFECTS, effect_rows
from rftlab.analysis.finished import EDGE, FinishedRun, FinishedRuns, timed
from rftlab.analysis.marginal_gains import inert, marginal_gains
from rftlab.analysis.metrics import collapsed, first_mean, last_mean, peak_mean
from rftlab.analysis.pooled import POOLED, pooled
from rftlab.analysis.race import VERDICTS
from rftlab.analysis.race import rows as verdict_rows
from rftlab.analysis.runs import RunOutcomes
from rftlab.errors import BadInputError, one_line_errors
from rftlab.files import canonical_json, replacing, write_text
from rftlab.runfolder.expected import Expected, read_expected
from rftlab.runfolder.read import read_document
from rftlab.runfolder.study_plan import PlannedRun, StudyPlan, read_plan

MARGINAL_GAINS = {
    **dict.fromkeys(["model", "dataset", "evaluation_set", "suite", "factor", "level", "relative_to"], "string"),
    **{"metric": "string", "budget": "string", "estimate": "float64", "low": "float64", "high": "float64"},
    **{"n_seeds": "int64", "n_queries": "int64", "method": "string", "p": "float64", "df": "float64"},
    **{"inert": "bool", "n_diverged": "int64", "n_collapsed": "int64"},
}
SHARE_OF_PEAK = 0.5  # a run whose last mean accuracy is below this share of its peak has collapsed


@one_line_errors
def main(argv: list[str] | None = None) -> None:
    """Write the tables of a study."""
    parser = argparse.ArgumentParser(prog="python -m rftlab.analysis.tables")
    for name in ("--plan", "--expected", "--data", "--folder"):
        parser.add_argument(name, required=True, type=Path)
    arguments = parser.parse_args(argv)
    expected, data = read_expected(arguments.expected), read_document(arguments.data)
    for name, table in tables(read_plan(arguments.plan), expected, data).items():
        write_table(arguments.folder, name, table)


def tables(
    plan: StudyPlan, expected: Expected, data: Mapping[str, Any], *, so_far: bool = False
) -> dict[str, pd.DataFrame]:
    """All tables of a planned study whose runs have ended and were evaluated, or with ``so_far`` of those that have.

    ``expected`` says what each run and evaluation must have been made with; ``data``, the content of ``data.json``, has
    the checksums of the files of queries.

    Raises:
        BadInputError: a file is missing or incomplete, or was made with something else; the message names it.
    """
    if not plan.runs:
        raise BadInputError(f"the plan of {plan.study} has no runs")
    finished = FinishedRuns(plan, expected, data)
    if so_far:
        standing, seeds_of = finished.so_far()
        if not standing.found:
            raise BadInputError(f"{plan.study}: no level and its reference have a finished run yet")
    else:
        *_, standing = finished.standings()
        seeds_of = {pair: standing.seeds(pair) for pair in plan.pairs}
    runs, curves, evaluations = [], [], []
    gains: list[dict[str, Any]] = []
    for pair in sorted(plan.pairs):
        here = dict(sorted(finished.of(pair, seeds_of[pair]).items()))
        outcomes = timed(here)
        for run in here.values():
            planned = run.planned
            runs.append(run_row(run, outcomes.get((str(planned.relative_to), planned.seed))))
            curves.append(with_labels(planned, run.curve))
            evaluations.append(with_labels(planned, evaluation_values(run.outcomes, plan.splits)))
        rows = marginal_gains(outcomes, plan.variants, plan.splits, confidence=plan.report.confidence)
        lost = [run.planned for run in here.values() if run.ways_to_collapse]
        n_collapsed = collections.Counter((run.factor, run.level) for run in lost)
        gains += [{**pair._asdict(), **row, "n_collapsed": n_collapsed[row["factor"], row["level"]]} for row in rows]
    ended, alpha, margin = not standing.going, standing.design.alpha, standing.design.margin
    # what is judged once waits for the end: looks allow no other verdicts
    crossed = [one for pair in plan.pairs if ended for one in finished.effects(pair, seeds_of[pair])]
    found = list(standing.found.values()) if ended else []
    return {
        "runs": typed(runs),
        # a run that diverged in its first round has no rows, and no types either
        "curves": pd.concat([curve for curve in curves if len(curve)] or curves[:1], ignore_index=True),
        "evaluations": pd.concat(evaluations, ignore_index=True),
        "marginal_gains": ordered(
            gains, MARGINAL_GAINS, "model dataset suite evaluation_set factor level metric budget"
        ),
        "verdicts": ordered(verdict_rows(standing), VERDICTS, "model dataset suite factor level budget"),
        "effects": ordered(
            effect_rows(crossed, alpha=alpha, margin=margin), EFFECTS, "model dataset suite factor level budget"
        ),
        "pooled": ordered(pooled(found, alpha=alpha, margin=margin), POOLED, "suite factor level budget"),
        "collapses": ordered(
            collapses(runs, plan.variants, confidence=1 - alpha, tested=ended), COLLAPSES, "model dataset variant"
        ),
    }


def run_row(finished: FinishedRun, reference: RunOutcomes | None) -> dict[str, Any]:
    """A run in one row: how it ended, what it cost, how its reward moved, and its configuration, flattened."""
    planned, run, curve = finished.planned, finished.outcomes, finished.curve
    folder = Path(planned.folder)
    reward_R, accuracy_R = (curve[name].to_numpy("float64") for name in ("reward_mean", "accuracy"))
    totals = curve.iloc[-1] if len(curve) else {"rollouts": 0, "tokens": 0}
    return {
        **{key: getattr(planned, key) for key in ("model", "dataset", "variant", "factor", "level")},
        "relative_to": planned.relative_to,
        "seed": planned.seed,
        "status": "finished" if run.finished else "diverged",
        "inert": reference is not None and inert(run, reference),
        "rounds": len(curve),
        "rollouts": int(totals["rollouts"]),
        "tokens": int(totals["tokens"]),
        "seconds": float(read_document(folder / "provenance.json")["seconds"]),
        "reward_first": first_mean(reward_R, EDGE),
        "reward_last": last_mean(reward_R, EDGE),
        "accuracy_first": first_mean(accuracy_R, EDGE),
        "accuracy_peak": peak_mean(accuracy_R, EDGE),
        "accuracy_last": last_mean(accuracy_R, EDGE),
        "collapsed": collapsed(accuracy_R, EDGE, SHARE_OF_PEAK),
        "collapse": ", ".join(finished.ways_to_collapse),
        **flattened("config", read_document(folder / "run.json")["config"]),
        "other_code": finished.other_code,
    }


def evaluation_values(run: RunOutcomes, splits: Mapping[str, str]) -> pd.DataFrame:
    """Mean outcomes of a run: one row per round, evaluation set and metric.

    Greedy answers, by the study's verifier and by its strict and flexible forms, the share of them that have the
    strict form and that could not be judged, their truncation rate and length in tokens at every checkpoint; what is
    made of samples where there are samples. Round 0 is the base model.
    """
    rows = []
    for suite, names in run.suites.items():
        for name in names:
            outcomes = run.sets[name]
            for p, number in enumerate(outcomes.rounds):
                values = {
                    "greedy": outcomes.correct_QP[:, p].mean(),
                    "truncation_rate": outcomes.truncated_P[p],
                    "response_length": outcomes.tokens_P[p],
                    **{metric: values_P[p] for metric, values_P in outcomes.forms.items()},
                    **{metric: values_Q.mean() for metric, values_Q in outcomes.sampled.get(number, {}).items()},
                }
                totals = (number, int(run.rollouts_P[p]), int(run.tokens_P[p]))
                place = (name, splits[name], suite)
                rows += [
                    (*totals, *place, metric, values[metric], len(outcomes.correct_QP)) for metric in sorted(values)
                ]
    columns = ["round", "rollouts", "tokens", "evaluation_set", "split", "suite", "metric", "value", "n_queries"]
    return pd.DataFrame(rows, columns=columns).sort_values(["round", "suite", "evaluation_set"], kind="stable")


def with_labels(entry: PlannedRun, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of a run with what identifies the run in front."""
    labels = {key: pd.Series(value, index=rows.index, dtype=_label_dtype(key)) for key, value in entry.labels.items()}
    return pd.concat([pd.DataFrame(labels, index=rows.index), rows], axis=1)


def flattened(name: str, value: Any) -> dict[str, Any]:
    """A configuration by dotted names, ``config.rollout.queries``; a list is one value, as JSON."""
    if isinstance(value, Mapping):
        parts = [flattened(f"{name}.{key}", part) for key, part in sorted(value.items())]
        return {key: leaf for part in parts for key, leaf in part.items()}
    return {name: canonical_json(value) if isinstance(value, list) else value}


def typed(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows of runs, whose configurations need not have the same keys, as columns of one type each.

    Missing values stay missing, whole numbers stay whole; a column whose values differ in kind holds them as JSON.
    """
    names = list(dict.fromkeys(name for row in rows for name in row if not name.startswith("config.")))
    names += sorted({name for row in rows for name in row} - set(names))
    columns = {}
    for name in names:
        values = [row.get(name) for row in rows]
        kinds = {type(value) for value in values if value is not None}
        if kinds <= {int, float} and kinds:
            dtype = "Float64" if float in kinds else "Int64"
        elif kinds == {bool}:
            dtype = "boolean"
        else:
            dtype = "string"
            if not kinds <= {str}:
                values = [None if value is None else canonical_json(value) for value in values]
        columns[name] = pd.Series(values, dtype=dtype)
    return pd.DataFrame(columns)


def ordered(rows: Sequence[Mapping[str, Any]], types: Mapping[str, str], by: str) -> pd.DataFrame:
    """Rows as columns of these types, sorted by some of them."""
    return pd.DataFrame(rows, columns=list(types)).astype(dict(types)).sort_values(by.split()).reset_index(drop=True)


def write_table(folder: Path, name: str, table: pd.DataFrame) -> None:
    """Write ``<name>.csv`` and ``<name>.parquet``, each whole or not at all.

    Ten significant digits in the CSV: the last ones of a double differ between machines.
    """
    write_text(folder / f"{name}.csv", table.to_csv(index=False, lineterminator="\n", float_format="%.10g"))
    with replacing(folder / f"{name}.parquet") as temporary:
        table.to_parquet(temporary, index=False)


def _label_dtype(name: str) -> str:
    return "int64" if name == "seed" else "string"


if __name__ == "__main__":
    main()
