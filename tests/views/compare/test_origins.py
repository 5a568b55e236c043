"""What was done differently in two studies, as their plans, tables and runs say it."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import presented
from rftlab.errors import BadInputError
from rftlab.runfolder.study_plan import PlannedPrimary, PlannedSet
from rftlab.views.compare.origins import Differing, Side, differing, read_side
from rftlab.views.results import Results


@pytest.fixture(scope="module")
def study() -> Results:
    return presented.study(variants=presented.FEW)


def side(results: Results, **recorded: Any) -> Side:
    return Side(Path("results/demo"), results, [presented.PROVENANCE | recorded for _ in results.plan.runs])


def test_copies_do_not_differ(study: Results) -> None:
    assert differing(side(study), side(study)) == []


def test_settings_are_told_by_key_values_and_variants(study: Results) -> None:
    runs = study.runs.copy()
    runs["config.rollout.temperature"] = 0.7
    runs.loc[runs["variant"] == "rollouts/n8", "config.optimizer.lr"] = 3e-4
    assert differing(side(study), side(dataclasses.replace(study, runs=runs))) == [
        Differing("optimizer.lr", "0.0001", "0.0003", "rollouts/n8"),
        Differing("rollout.temperature", "1", "0.7", "all variants"),
    ]


def test_a_setting_that_one_lacks_is_absent(study: Results) -> None:
    runs = study.runs.assign(**{"config.rollout.stop": pd.Series(["a"] * len(study.runs), dtype="string")})
    assert differing(side(study), side(dataclasses.replace(study, runs=runs))) == [
        Differing("rollout.stop", "absent", "a", "all variants")
    ]
    empty = study.runs.assign(**{"config.rollout.stop": pd.Series([None] * len(study.runs), dtype="string")})
    assert differing(side(study), side(dataclasses.replace(study, runs=empty))) == []


def test_the_kind_of_a_column_is_no_difference(study: Results) -> None:
    """Where levels give a key values of several kinds, its column holds JSON."""
    plain = study.runs.assign(**{"config.a": pd.array([1] * len(study.runs), dtype="Int64"), "config.b": "raw"})
    plain = plain.assign(**{"config.c": pd.array([1.0] * len(study.runs), dtype="Float64"), "config.d": True})
    as_json = study.runs.assign(**{"config.a": "1", "config.b": '"raw"', "config.c": "1", "config.d": "true"})
    one, other = (dataclasses.replace(study, runs=runs) for runs in (plain, as_json))
    assert differing(side(one), side(other)) == []


def test_variants_of_one_alone_are_not_settings(study: Results) -> None:
    few = {name: presented.FEW[name] for name in ("baseline", "again")}
    found = differing(side(study), side(presented.study(variants=few)))
    assert [one for one in found if one.variants] == []


def test_the_design_is_told(study: Results) -> None:
    report = dataclasses.replace(study.plan.report, primary=PlannedPrimary("greedy", "rounds"), equivalence_margin=0.03)
    sets = dict(study.plan.evaluation_sets)
    del sets["words_test"]
    sets["longer"] = PlannedSet("elsewhere", "another", None, "test", None)
    plan = dataclasses.replace(study.plan, report=report, seeds=(0, 1, 2, 3), evaluation_sets=sets)
    assert differing(side(study), side(dataclasses.replace(study, plan=plan))) == [
        Differing("primary endpoint", "greedy_auc, rounds and rollouts", "greedy, rounds"),
        Differing("equivalence margin", "2 points", "3 points"),
        Differing("seeds", "0, 1, 2", "0, 1, 2, 3"),
        Differing("evaluation set longer", "0123456789abcdef", "another"),
        Differing("evaluation set words_test", "0123456789abcdef", "absent"),
    ]


def test_code_and_environment_are_told(study: Results) -> None:
    packages = {"torch": "2.14.0", "transformers": "5.19.0"}
    found = differing(side(study), side(study, code="d" * 16, packages=packages, threads=4))
    assert found == [
        Differing("Code of the training stage", "c" * 16, "d" * 16),
        Differing("Platform", "Linux-x86_64, 1 threads", "Linux-x86_64, 4 threads"),
        Differing("torch", "2.13.0", "2.14.0"),
    ]


def test_a_moved_folder_is_read_from_where_it_is(study: Results, tmp_path: Path) -> None:
    presented.write(study, tmp_path / "first")
    (tmp_path / "first").rename(tmp_path / "moved")
    read = read_side(tmp_path / "moved")
    assert read.provenance == [presented.PROVENANCE] * len(study.plan.runs)
    shutil.rmtree(tmp_path / "moved" / "runs")
    assert read_side(tmp_path / "moved").provenance is None


def test_a_run_without_its_record_is_told(study: Results, tmp_path: Path) -> None:
    plan, _ = presented.write(study, tmp_path)
    run = json.loads(plan.read_text())["runs"][0]
    (Path(run["folder"]) / "provenance.json").unlink()
    with pytest.raises(BadInputError, match=r"provenance\.json: no such file"):
        read_side(tmp_path)


def test_without_records_only_origins_are_left_out(study: Results) -> None:
    bare = dataclasses.replace(side(study, code="other"), provenance=None)
    assert differing(side(study), bare) == []
