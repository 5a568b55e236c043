"""``plan.json`` as its readers see it: the study's own content, or one line that names the file and the key."""

from __future__ import annotations

import copy
import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import pytest

from rftlab.errors import BadInputError
from rftlab.planning.margin import resolved_margin
from rftlab.planning.plan import Plan
from rftlab.planning.planfile import describe
from rftlab.runfolder.study_plan import (
    Pair,
    PlannedDataset,
    PlannedEvaluation,
    PlannedModel,
    PlannedPrimary,
    PlannedReport,
    PlannedRun,
    PlannedSet,
    PlannedVariant,
    StudyPlan,
    read_plan,
    study_plan,
)
from studies import STUDY, planned

PARTS: dict[tuple[str | int, ...], type] = {  # where a part of each kind stands in the plan of the small study
    (): StudyPlan,
    ("models", "tiny"): PlannedModel,
    ("datasets", "chains"): PlannedDataset,
    ("evaluation_sets", "longer"): PlannedSet,
    ("variants", 2): PlannedVariant,
    ("runs", 1): PlannedRun,
    ("evaluation",): PlannedEvaluation,
    ("report",): PlannedReport,
}
KEYS = [((*path, field.name), field.type) for path, part in PARTS.items() for field in dataclasses.fields(part)]


def dotted(path: object) -> str | None:
    """A key as messages write it."""
    return ".".join(map(str, path)) if isinstance(path, tuple) else None


@pytest.fixture(scope="module")
def plan() -> Plan:
    return planned()


@pytest.fixture(scope="module")
def document(plan: Plan) -> dict[str, Any]:
    return json.loads(json.dumps(describe(plan)))


@pytest.fixture(scope="module")
def read(document: dict[str, Any]) -> StudyPlan:
    return study_plan(document, "plan.json")


def place(document: dict[str, Any], path: tuple[str | int, ...]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A copy of a document, and the part of the copy that holds the last key of a path."""
    copied = copy.deepcopy(document)
    part: Any = copied
    for key in path[:-1]:
        part = part[key]
    return copied, part


def refusal(document: dict[str, Any]) -> str:
    with pytest.raises(BadInputError) as error:
        study_plan(document, "results/small/plan.json")
    assert str(error.value).isprintable(), "one line"
    return str(error.value)


def test_what_a_study_is_made_of_is_read_back(plan: Plan, read: StudyPlan) -> None:
    assert (read.study, read.description) == ("small", plan.study.description)
    (model,) = read.models.values()
    folder = plan.resources.model_folder("tiny")
    assert (model.source, model.path, model.digest) == ("tiny", folder, Path(folder).name)
    (dataset,) = read.datasets.values()
    assert (dataset.source, dataset.digest) == ("procedural", plan.resources.data_digests["chains"])
    assert dataset.splits == {
        split: plan.resources.data_file("chains", split) for split in ("train", "validation", "test")
    }
    assert read.seeds == (0, 1, 2)
    assert read.budget == {"rounds": 6}
    assert read.evaluation == PlannedEvaluation(samples=2, pass_at=(1, 2))
    assert read.report == PlannedReport(
        PlannedPrimary("greedy_auc", "both"),
        equivalence_margin=resolved_margin(plan),
        margin_of_design=True,
        confidence=0.95,
        other_code=None,
    )


def test_evaluation_sets_are_read_back_with_their_splits(plan: Plan, read: StudyPlan) -> None:
    assert list(read.evaluation_sets) == list(STUDY["evaluation_sets"])
    assert read.splits == {"chains_validation": "validation", "chains_test": "test", "longer": "test"}
    assert {name: one.path for name, one in read.evaluation_sets.items()} == {
        name: plan.evaluation_file(name) for name in STUDY["evaluation_sets"]
    }
    own, foreign = read.evaluation_sets["chains_test"], read.evaluation_sets["longer"]
    assert (own.dataset, own.shift, own.digest) == ("chains", None, read.datasets["chains"].digest)
    assert (foreign.dataset, foreign.shift) == (None, "four terms")


def test_variants_are_the_studys_own_in_its_order(plan: Plan, read: StudyPlan) -> None:
    names = [field.name for field in dataclasses.fields(PlannedVariant)]
    own = [{name: getattr(variant, name) for name in names} for variant in plan.variants.values()]
    assert [dataclasses.asdict(variant) for variant in read.variants] == own
    assert [variant.name for variant in read.variants][:2] == ["baseline", "again"]


def test_runs_are_the_studys_own_and_lie_where_the_study_puts_them(plan: Plan, read: StudyPlan) -> None:
    runs = list(plan.runs())
    assert len(runs) == len(read.runs) == 5 * 3
    for run, own in zip(read.runs, runs, strict=True):
        assert run.key == own.path
        assert run.folder == plan.run_folder(own)
        assert (run.model, run.dataset, run.variant, run.seed) == (
            own.model,
            own.dataset,
            own.variant.name,
            own.seed,
        )
        assert (run.factor, run.level, run.relative_to) == (
            own.variant.factor,
            own.variant.level,
            own.variant.relative_to,
        )
        assert run.suites == {"id": ("chains_validation", "chains_test"), "ood": ("longer",)}
        assert run.evaluations == {suite: plan.evaluation(own, suite) for suite in ("id", "ood")}
        assert run.base == plan.base_evaluation(own.model, own.dataset)


def test_pairs_are_in_the_order_of_the_runs(read: StudyPlan) -> None:
    assert read.pairs == [Pair("tiny", "chains")]
    other = dataclasses.replace(read.runs[0], model="another")
    two = dataclasses.replace(read, runs=(other, *read.runs, other))
    assert two.pairs == [Pair("another", "chains"), Pair("tiny", "chains")]
    assert str(two.pairs[0]) == "another × chains"


def test_what_nobody_reads_may_stand_there(document: dict[str, Any], read: StudyPlan) -> None:
    more = copy.deepcopy(document) | {"note": "by hand"}
    more["runs"][0]["host"] = None
    more["models"]["tiny"]["layers"] = []
    assert study_plan(more, "plan.json") == read


@pytest.mark.parametrize("path", [path for path, _ in KEYS], ids=dotted)
def test_a_missing_key_is_named(document: dict[str, Any], path: tuple[str | int, ...]) -> None:
    changed, part = place(document, path)
    del part[path[-1]]
    assert refusal(changed) == f"results/small/plan.json: not a study's plan: {dotted(path)}: Field required"


@pytest.mark.parametrize(("path", "kind"), KEYS, ids=dotted)
def test_a_value_of_another_kind_is_named(document: dict[str, Any], path: tuple[str | int, ...], kind: str) -> None:
    changed, part = place(document, path)
    part[path[-1]] = 3.5 if kind.startswith("str") else "text"
    assert refusal(changed).startswith(
        f"results/small/plan.json: not a study's plan: {dotted(path)}: Input should be a"
    )


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("seeds", 1), "one"),
        (("budget", "rounds"), 1.5),
        (("datasets", "chains", "splits", "test"), None),
        (("runs", 0, "suites", "id"), "chains_test"),
        (("runs", 0, "suites", "id", 1), None),
        (("runs", 14, "evaluations", "ood"), ["a.parquet"]),
        (("runs", 0, "seed"), None),
        (("runs", 0), None),
        (("variants", 0), "baseline"),
        (("models", "tiny"), "resources/models/tiny"),
        (("evaluation", "pass_at", 0), None),
    ],
    ids=dotted,
)
def test_a_wrong_value_inside_a_part_is_named(document: dict[str, Any], path: tuple[str | int, ...], value) -> None:
    changed, part = place(document, path)
    part[path[-1]] = value
    assert f"plan.json: not a study's plan: {dotted(path)}: Input should be a" in refusal(changed)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("candidates", 0, "tuned"), "rollouts/n5"),
        (("candidates", 0, "tuned"), "baseline@3e-05"),
        (("runs", 0, "variant"), "again"),
        (("runs", 3, "model"), "other"),
        (("runs", 0, "suites", "validation", 0), "chains"),
    ],
    ids=dotted,
)
def test_what_is_tuned_is_in_the_plan(path: tuple[str | int, ...], value: str) -> None:
    tuned = json.loads(json.dumps(describe(planned(("tune", {"optimizer.lr": [3.0e-5, 1.0e-4]})))))
    changed, part = place(tuned, ("tune", *path))
    part[path[-1]] = value
    where = dotted(path[:3] if path[0] == "runs" and path[2] == "suites" else path)
    assert refusal(changed).startswith(f"results/small/plan.json: not a study's plan: tune.{where}")
    assert refusal(changed).endswith(f"{value!r} is not in it")


def test_a_plan_is_read_from_its_file(document: dict[str, Any], read: StudyPlan, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    with pytest.raises(BadInputError, match=f"^{path}: no such file$"):
        read_plan(path)
    path.write_text("study: small")
    with pytest.raises(BadInputError, match=f"^{path}: not JSON"):
        read_plan(path)
    path.write_text("{}")
    with pytest.raises(BadInputError, match=f"^{path}: not a study's plan: study: Field required$"):
        read_plan(path)
    path.write_text(json.dumps(document))
    assert read_plan(path) == read


def variant(name: str, factor: str | None, relative_to: str | None = "baseline", **overrides: Any) -> PlannedVariant:
    """Dots in the names of overrides are written with two underscores."""
    return PlannedVariant(name, factor, "level", relative_to, {k.replace("__", "."): v for k, v in overrides.items()})


@pytest.mark.parametrize(
    ("planned", "noise_floor", "control", "label", "comparison"),
    [
        (variant("f/x", "f", optimizer__lr=1e-4), False, False, "f/x", "vs baseline"),
        (variant("f/x", "f", "f/y"), False, False, "f/x", "vs f/y"),
        (variant("again", "noise_floor"), True, False, "A/A: baseline again", "vs baseline"),
        (variant("control/x", "control"), False, True, "control/x", "vs baseline · control"),
        (variant("controls/x", "controls"), False, True, "controls/x", "vs baseline · control"),
        (variant("controlled/x", "controlled"), False, False, "controlled/x", "vs baseline"),
        (variant("lr/zero", "lr", optimizer__lr=0), False, True, "lr/zero", "vs baseline · control"),
        (variant("lr/zero", "lr", "f/x", optimizer__lr=0.0), False, True, "lr/zero", "vs f/x · control"),
        (variant("wd/zero", "wd", optimizer__weight_decay=0.0), False, False, "wd/zero", "vs baseline"),
    ],
)
def test_a_variant_knows_what_it_is(
    planned: PlannedVariant, noise_floor: bool, control: bool, label: str, comparison: str
) -> None:
    assert (planned.noise_floor, planned.control) == (noise_floor, control)
    assert (planned.label, planned.comparison) == (label, comparison)


def test_the_baseline_is_no_control_and_not_the_noise_floor(read: StudyPlan) -> None:
    assert [(v.name, v.control, v.noise_floor) for v in read.variants] == [
        ("baseline", False, False),
        ("again", False, True),
        ("advantage/group_norm", False, False),
        ("rollouts/n4", False, False),
        ("lr/zero", True, False),
    ]


def test_a_run_knows_its_pair_and_what_identifies_it_in_tables(read: StudyPlan) -> None:
    run = next(run for run in read.runs if run.variant == "rollouts/n4" and run.seed == 2)
    assert run.pair == Pair("tiny", "chains") == ("tiny", "chains")
    assert run.labels == {
        "model": "tiny",
        "dataset": "chains",
        "variant": "rollouts/n4",
        "factor": "rollouts",
        "level": "n4",
        "seed": 2,
    }
    assert run.key == "tiny/chains/rollouts/n4/seed-2"


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("evaluation", "samples"), "5", "evaluation.samples: Input should be a valid integer"),
        (("evaluation", "samples"), True, "evaluation.samples: Input should be a valid integer"),
        (("evaluation", "pass_at"), [99], "evaluation: Value error, pass_at: no k above the 2 samples of a query is"),
        (("evaluation", "pass_at"), [0], "evaluation.pass_at.0: Input should be greater than or equal to 1"),
        (("report", "confidence"), 1, "report.confidence: Input should be less than 1"),
        (("report", "confidence"), math.nan, "report.confidence: Input should be"),
        (("report", "equivalence_margin"), 0, "report.equivalence_margin: Input should be greater than 0"),
        (("runs", 0, "model"), "other", "runs.0.model: 'other' is not in it"),
        (("runs", 0, "dataset"), "other", "runs.0.dataset: 'other' is not in it"),
        (("runs", 0, "variant"), "a/b", "runs.0.variant: 'a/b' is not in it"),
        (("runs", 0, "suites", "id"), ["other"], "runs.0.suites.id: 'other' is not in it"),
        (("runs", 0, "evaluations"), {"id": "a"}, "runs.0.evaluations: 'ood' is not in it"),
        (("evaluation_sets", "chains_test", "dataset"), "other", "evaluation_sets.chains_test.dataset: 'other' is not"),
    ],
    ids=dotted,
)
def test_a_plan_that_contradicts_itself(document: dict[str, Any], path, value: Any, message: str) -> None:
    copied, part = place(document, path)
    part[path[-1]] = value
    assert refusal(copied).startswith(f"results/small/plan.json: not a study's plan: {message}")
