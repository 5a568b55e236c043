"""``plan.json`` says what its readers need, and the stage that writes it refuses in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rftlab.files import digest, read_json
from rftlab.planning.expected import expected
from rftlab.planning.margin import resolved_margin
from rftlab.planning.planfile import describe, main
from rftlab.runfolder.study_plan import read_plan
from studies import STUDY, changed, planned


def arguments(study: dict[str, Any], folder: Path, jobs: str) -> list[str]:
    return ["--study", json.dumps(study), "--jobs", jobs, "--output", str(folder / "plan.json")]


def test_code_that_changed_since_the_jobs_were_planned_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(arguments(STUDY, tmp_path, digest({"runs": "of other code"})))
    assert exit_.value.code == "small: code or data have changed since Snakemake planned its jobs: call it again"
    assert list(tmp_path.iterdir()) == []


def test_without_an_output_it_only_compares(tmp_path: Path) -> None:
    jobs = digest(expected(planned()))
    main(arguments(STUDY, tmp_path, jobs)[:-2])
    with pytest.raises(SystemExit, match="have changed since"):
        main(arguments(changed(("baseline/optimizer/lr", 0.5)), tmp_path, jobs)[:-2])
    assert list(tmp_path.iterdir()) == []


def test_plan_json_names_every_file_a_reader_needs(tmp_path: Path) -> None:
    plan = planned()
    main(arguments(STUDY, tmp_path, digest(expected(plan))))
    document = json.loads((tmp_path / "plan.json").read_text())
    assert read_json(tmp_path / "expected.json") == expected(plan)
    assert document == json.loads(json.dumps(describe(plan)))
    assert [run["folder"] for run in document["runs"]] == [plan.run_folder(run) for run in plan.runs()]
    assert {path for run in document["runs"] for path in (*run["evaluations"].values(), run["base"])} == set(
        plan.evaluations(plan.runs())
    )
    assert document["evaluation_sets"]["chains_test"]["path"] == plan.resources.data_file("chains", "test")
    assert document["evaluation_sets"]["longer"]["path"] == plan.resources.data_file("longer", "test")
    assert document["evaluation_sets"]["longer"]["shift"] == "four terms"
    assert document["evaluation"]["rounds"] == [0, 2, 4, 6]


def test_the_stage_refuses_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(arguments(changed(("budget/rounds", 0)), tmp_path, "0"))
    assert exit_.value.code == "study: budget.rounds: at least 1 is needed, not 0"
    assert not (tmp_path / "plan.json").exists()


@pytest.mark.parametrize("study", ["[]", "null", "{"])
def test_what_is_no_study_is_refused_in_one_line(study: str, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"^--study: .*a JSON object is needed"):
        main(["--study", study, "--output", str(tmp_path / "plan.json")])


def test_what_plan_json_says_of_each_part() -> None:
    plan = planned(("description", "A few sums."))
    document = describe(plan)
    assert (document["study"], document["description"]) == ("small", "A few sums.")
    assert document["seeds"] == [0, 1, 2]
    assert document["race"] == {"looks": (3,), "reference": 3}
    assert document["budget"] == {"rounds": 6}
    assert document["report"] == {
        "primary": {"metric": "greedy_auc", "budget": "both"},
        "equivalence_margin": resolved_margin(plan),
        "margin_of_design": True,
        "confidence": 0.95,
        "other_code": None,
    }
    folder = plan.resources.data_folder("chains")
    digest = folder.rpartition("/")[2]
    splits = {split: f"{folder}/{split}.jsonl" for split in ("train", "validation", "test")}
    assert document["datasets"]["chains"]["digest"] == digest
    assert document["datasets"]["chains"]["splits"] == splits
    assert document["datasets"].keys() == {"chains"}, "evaluation sets of their own are no datasets"
    assert document["evaluation_sets"]["chains_validation"] == {
        "path": splits["validation"],
        "digest": digest,
        "dataset": "chains",
        "split": "validation",
        "shift": None,
    }
    assert document["evaluation_sets"]["longer"]["dataset"] is None
    model = document["models"]["tiny"]
    assert model["path"] == f"resources/models/tiny/{model['digest']}"
    assert model["source"] == "tiny"
    assert document["variants"][3] == {
        "name": "rollouts/n4",
        "factor": "rollouts",
        "level": "n4",
        "relative_to": "advantage/group_norm",
        "overrides": {"advantage.name": "group_norm", "rollout.rollouts": 4},
    }


def test_a_run_of_plan_json_names_its_suites_and_what_is_made_of_them() -> None:
    plan = planned()
    run = describe(plan)["runs"][3]
    where = "tiny/chains/again/seed-0"
    prompt = plan.prompt_digest("chains")
    assert run == {
        "model": "tiny",
        "dataset": "chains",
        "variant": "again",
        "factor": "noise_floor",
        "level": "again",
        "relative_to": "baseline",
        "seed": 0,
        "folder": f"results/small/runs/{where}",
        "rounds": [0, 2, 4, 6],
        "suites": {"id": ["chains_validation", "chains_test"], "ood": ["longer"]},
        "evaluations": {suite: f"results/small/evaluations/{where}/{suite}.parquet" for suite in ("id", "ood")},
        "base": f"results/small/evaluations/tiny/base/{prompt}.parquet",
    }


def test_readers_take_it(tmp_path: Path) -> None:
    main(arguments(STUDY, tmp_path, digest(expected(planned()))))
    plan, read = planned(), read_plan(tmp_path / "plan.json")
    assert [run.folder for run in read.runs] == [plan.run_folder(run) for run in plan.runs()]
    assert [variant.name for variant in read.variants] == [*plan.variants]
    assert read.pairs == plan.pairs()
