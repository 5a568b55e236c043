"""Whether the signal of a gradient foretells what a level is worth: the probe's ratio beside the measured gain.

Stage: ``python -m rftlab.analysis.prediction --plan FILE --verdicts FILE --probes FILE… --output FILE``.
Predicted is the ratio of two variants' signal to noise, level to reference: of a round where levels are compared at
equal rounds, of a sampled rollout where at equal rollouts. Measured is the marginal gain at the primary endpoint.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from rftlab.errors import BadInputError, one_line_errors
from rftlab.files import write_json
from rftlab.runfolder.read import read_document
from rftlab.runfolder.study_plan import StudyPlan, read_plan

Floats = NDArray[np.float64]
LEAST_POINTS = 4  # a rank correlation of fewer says nothing
RESAMPLES = 4_000
SIGNAL = {"rounds": "signal_round", "rollouts": "signal"}
"""What counts where levels are compared at an equal number of these."""


@one_line_errors
def main(argv: list[str] | None = None) -> None:
    """Write a study's predictions.

    Raises:
        BadInputError: a file is not there or of another kind.
    """
    parser = argparse.ArgumentParser(prog="python -m rftlab.analysis.prediction")
    for option in ("--plan", "--verdicts", "--output"):
        parser.add_argument(option, required=True, type=Path)
    parser.add_argument("--probes", required=True, type=Path, nargs="+")
    arguments = parser.parse_args(argv)
    probes = [read_document(path) for path in arguments.probes]
    try:
        verdicts = pd.read_parquet(arguments.verdicts)
    except (OSError, ValueError) as error:
        raise BadInputError(f"{arguments.verdicts}: not a table of verdicts: {error}") from None
    write_json(arguments.output, prediction(read_plan(arguments.plan), verdicts, probes))


def prediction(plan: StudyPlan, verdicts: pd.DataFrame, probes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Content of ``prediction.json``.

    ``probes`` with variants in the study's order, ``points``, one a level and comparison, and ``ranks``, the rank
    correlation over the points of each suite and budget, of all models and datasets together.

    Raises:
        BadInputError: a variant was probed that the plan does not have.
    """
    rows = {(row["model"], row["dataset"], row["variant"]): row for probe in probes for row in probe["rows"]}
    order = [variant.name for variant in plan.variants]
    for row in (row for probe in probes for row in probe["rows"] if row["variant"] not in order):
        raise BadInputError(f"{plan.study} has no variant {row['variant']}, which was probed: call Snakemake again")
    ordered = [
        {**probe, "rows": sorted(probe["rows"], key=lambda row: order.index(row["variant"]))} for probe in probes
    ]
    names = {(v.factor, v.level): v for v in plan.variants if v.relative_to is not None and not v.noise_floor}
    points = []
    for verdict in verdicts.to_dict("records"):
        level = names.get((verdict["factor"], verdict["level"]))
        where = verdict["model"], verdict["dataset"]
        own = rows.get((*where, level.name)) if level else None
        reference = rows.get((*where, str(level.relative_to))) if level else None
        if level and own and reference and pd.notna(verdict["estimate"]):
            signal = SIGNAL[verdict["budget"]]
            points.append(
                {
                    **{key: verdict[key] for key in ("model", "dataset", "suite", "budget", "verdict")},
                    "variant": level.name,
                    "relative_to": level.relative_to,
                    "predicted": own[signal] / reference[signal] if reference[signal] else None,
                    **{key: _plain(verdict[key]) for key in ("estimate", "low", "high")},
                }
            )
    comparisons = list(dict.fromkeys((point["suite"], point["budget"]) for point in points))
    ranks = [
        {"suite": suite, "budget": budget, **rank_correlation(points, suite, budget, plan.report.confidence)}
        for suite, budget in comparisons
    ]
    return {"study": plan.study, "probes": ordered, "points": points, "ranks": ranks}


def rank_correlation(
    points: Sequence[Mapping[str, Any]], suite: str, budget: str, confidence: float
) -> dict[str, float | int | None]:
    """Spearman's ρ of predicted ratio and measured gain, its number of points and its interval.

    The interval is a bootstrap over points, percentiles of ``RESAMPLES`` resamples of a fixed seed; those in which one
    side has a single value are left out. None where there are fewer than ``LEAST_POINTS``.
    """
    chosen = [p for p in points if (p["suite"], p["budget"]) == (suite, budget) and p["predicted"] is not None]
    values_N2 = np.array([(p["predicted"], p["estimate"]) for p in chosen], dtype=np.float64)
    count: dict[str, float | int | None] = {"points": len(chosen), "rho": None, "low": None, "high": None}
    if len(chosen) < LEAST_POINTS or np.isnan(rho := float(spearman(values_N2[None])[0])):
        return count
    generator = np.random.default_rng(0)
    resampled_R = spearman(values_N2[generator.integers(len(chosen), size=(RESAMPLES, len(chosen)))])
    tail = (1 - confidence) / 2
    low, high = np.quantile(resampled_R[np.isfinite(resampled_R)], [tail, 1 - tail]).tolist()
    return count | {"rho": rho, "low": low, "high": high}


def spearman(values_RN2: Floats) -> Floats:
    """Correlation of the ranks of two columns [R], ties at their mean rank; no number where a column has one value."""
    ranks_RN2 = rankdata(values_RN2, axis=1)
    centred_RN2 = ranks_RN2 - ranks_RN2.mean(axis=1, keepdims=True)
    spreads_R = np.sqrt((centred_RN2**2).sum(axis=1).prod(axis=1))
    products_R: Floats = centred_RN2.prod(axis=2).sum(axis=1)
    correlations_R: Floats = np.where(spreads_R > 0, products_R / np.where(spreads_R > 0, spreads_R, 1.0), np.nan)
    return correlations_R


def _plain(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)


if __name__ == "__main__":
    main()
