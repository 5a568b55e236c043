"""How MLflow's page of charts opens: what it groups by, and the curve that comes first."""

from __future__ import annotations

import dataclasses
import json

import pytest

import presented
from mlflow_store import client, publish, shown, study
from rftlab.runfolder.study_plan import PlannedPrimary
from rftlab.views.track import limits
from rftlab.views.track.charts import SECTION, TAG, curve_of, primary_curve, shared_view
from synthetic import CHECKPOINTS, accuracy

PLAN = presented.study(variants=presented.FEW).plan
VIEW = json.loads(shared_view(PLAN))


def test_runs_are_grouped_by_variant_and_groups_are_closed_but_for_the_summarys() -> None:
    assert VIEW["groupBy"]["groupByKeys"] == [{"mode": "param", "groupByData": "variant"}]
    groups = {f"param.variant.{variant.name}": False for variant in PLAN.variants}
    assert VIEW["groupsExpanded"] == groups | {"param.variant": True}
    assert VIEW["runsHiddenMode"] == "SHOW_ALL"


def test_models_and_datasets_are_no_variants() -> None:
    view = json.loads(shared_view(presented.study(models=("a", "b"), variants=presented.FEW).plan))
    assert [key["groupByData"] for key in view["groupBy"]["groupByKeys"]] == ["variant", "model"]
    assert view["groupsExpanded"]["param.variant.baseline,param.model.a"] is False


def test_the_primary_endpoint_comes_first_in_and_out_of_distribution() -> None:
    (section,) = VIEW["compareRunSections"]
    assert (section["name"], VIEW["isAccordionReordered"]) == ("Primary endpoint", True)
    charts = VIEW["compareRunCharts"]
    assert [chart["metricKey"] for chart in charts] == ["primary/in distribution", "primary/out of distribution"]
    assert {chart["metricSectionId"] for chart in charts} == {section["uuid"]}
    assert {chart["type"] for chart in charts} == {"LINE"}


def test_the_view_fits_a_tag() -> None:
    assert len(shared_view(presented.study().plan)) < limits.EXPERIMENT_TAG_LENGTH


@pytest.mark.parametrize(
    ("metric", "curve"),
    [
        ("greedy_auc", "greedy"),
        ("last_half", "greedy"),
        ("greedy", "greedy"),
        ("greedy_best_validation", "greedy"),
        ("pass@1", "pass@1"),
    ],
)
def test_the_curve_is_what_the_endpoint_is_read_off(metric: str, curve: str) -> None:
    assert curve_of(PlannedPrimary(metric, "both")) == curve


def test_every_reported_set_of_a_suite_counts_equally() -> None:
    run = PLAN.runs[0]
    values = {"chains_validation": 0.9, "chains_test": 0.5, "longer": 0.1, "larger": 0.2, "products": 0.3}
    found = {name: {0: {"greedy": value}, 20: {"greedy": value / 2, "other": 1.0}} for name, value in values.items()}
    found["words_test"] = {0: {"greedy": 0.6}, 20: {"other": 0.0}}  # lacks the last checkpoint
    assert primary_curve(PLAN, run, found) == {
        0: {"in distribution": 0.5, "out of distribution": pytest.approx(0.3)},
        20: {"in distribution": 0.25},
    }
    sampled = dataclasses.replace(PLAN.report, primary=PlannedPrimary("other", "rounds"))
    plan = dataclasses.replace(PLAN, report=sampled)
    assert primary_curve(plan, run, found) == {20: {"in distribution": 1.0, "out of distribution": 0.75}}


def test_a_store_holds_curve_and_view() -> None:
    plan = study()
    publish(plan)
    run = next(run for key, run in shown().items() if key != "summary")
    history = client().get_metric_history(run.info.run_id, f"{SECTION}/in distribution")
    variant = run.data.params["variant"]
    expected = {r: accuracy(variant, "chains_test", r, 0) for r in (0, *CHECKPOINTS)}
    assert {point.step: point.value for point in history} == expected
    tags = client().get_experiment(run.info.experiment_id).tags
    assert json.loads(tags[TAG])["compareRunCharts"]
