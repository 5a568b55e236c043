"""How MLflow's page of charts opens on a study: grouped by variant, the primary endpoint first.

MLflow keeps a view that a user shares as a tag of the experiment, and opens it where an address names the tag's key.
What this module does not say is MLflow's default; a chart for every other metric follows in a section of its own.
Imports no mlflow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rftlab.files import canonical_json
from rftlab.runfolder.study_plan import CURVES, PlannedPrimary, PlannedRun, StudyPlan
from rftlab.views.results import SUITES

SECTION = "primary"  # of metrics and of the page
KEY = "rftlab"
TAG = f"mlflow.sharedViewState.{KEY}"


def primary_curve(
    plan: StudyPlan, run: PlannedRun, evaluations: Mapping[str, Mapping[int, Mapping[str, float]]]
) -> dict[int, dict[str, float]]:
    """What a run's primary endpoint is read off, by round and metric: the mean over the reported sets of a suite.

    ``evaluations`` are evaluation set → round → metric → value. A checkpoint that some set lacks is left out.
    """
    metric = curve_of(plan.report.primary)
    rows: dict[int, dict[str, float]] = {}
    for suite, words in SUITES.items():
        names = [name for name in run.suites.get(suite, ()) if plan.splits[name] != "validation"]
        by_set = [
            {r: values[metric] for r, values in evaluations.get(name, {}).items() if metric in values} for name in names
        ]
        for number in sorted(set.intersection(*map(set, by_set))) if by_set else []:
            rows.setdefault(number, {})[words] = sum(values[number] for values in by_set) / len(by_set)
    return dict(sorted(rows.items()))


def curve_of(primary: PlannedPrimary) -> str:
    """The metric of checkpoints that a primary metric is made of."""
    return "greedy" if primary.metric in (*CURVES, "greedy_best_validation") else primary.metric


def shared_view(plan: StudyPlan) -> str:
    """The view as MLflow stores it: runs grouped by what sets them apart, charts of the primary endpoint in front."""
    section = {"uuid": SECTION, "name": "Primary endpoint", "display": True, "isReordered": True, "columns": 2}
    apart = _apart(plan)
    groups = {",".join(f"param.{name}.{getattr(run, name)}" for name in apart): False for run in plan.runs}
    without = ",".join(f"param.{name}" for name in apart)  # the group of runs without them: the summary
    return canonical_json({
        "groupBy": {
            "aggregateFunction": "average",
            "groupByKeys": [{"mode": "param", "groupByData": name} for name in apart],
        },
        "groupsExpanded": groups | {without: True},
        "runsHiddenMode": "SHOW_ALL",
        "compareRunCharts": [_chart(words, f"{SECTION}/{words}") for words in _suites(plan)],
        "compareRunSections": [section],
        "isAccordionReordered": True,  # or sections are sorted by name
    })  # fmt: skip


def _chart(title: str, metric: str) -> dict[str, Any]:
    return {
        "uuid": metric, "type": "LINE", "metricSectionId": SECTION, "deleted": False, "isGenerated": True,
        "metricKey": metric, "displayName": title, "lineSmoothness": 0, "xAxisKey": "step", "xAxisScaleType": "linear",
        "scaleType": "linear", "selectedXAxisMetricKey": "", "range": {}, "yAxisKey": "metric", "yAxisExpressions": [],
        "ignoreOutliers": False, "useGlobalXaxisKey": True, "useGlobalLineSmoothing": True,
    }  # fmt: skip


def _apart(plan: StudyPlan) -> list[str]:
    several = [name for name in ("model", "dataset") if len({getattr(pair, name) for pair in plan.pairs}) > 1]
    return ["variant", *several]


def _suites(plan: StudyPlan) -> Sequence[str]:
    """Suites with a reported set, in words."""
    there = {
        suite for run in plan.runs for suite, names in run.suites.items()
        if any(plan.splits[name] != "validation" for name in names)
    }  # fmt: skip
    return [words for suite, words in SUITES.items() if suite in there]
