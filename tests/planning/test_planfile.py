"""``plan.json`` says what its readers need, and the stage that writes it refuses in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rftlab.files import canonical_json
from rftlab.planning.planfile import describe, main
from studies import STUDY, changed, planned


def test_plan_json_names_every_file_a_reader_needs(tmp_path: Path) -> None:
    main(["--study", json.dumps(STUDY), "--output", str(tmp_path / "plan.json")])
    document = json.loads((tmp_path / "plan.json").read_text())
    plan = planned()
    assert document == json.loads(json.dumps(describe(plan)))
    assert [run["folder"] for run in document["runs"]] == [plan.run_folder(run) for run in plan.runs()]
    assert {path for run in document["runs"] for path in (*run["evaluations"].values(), run["base"])} == set(
        plan.evaluations()
    )
    assert document["evaluation_sets"]["chains_test"]["path"] == plan.resources.data_file("chains", "test")
    assert document["evaluation_sets"]["longer"]["path"] == plan.resources.data_file("longer", "test")
    assert document["evaluation_sets"]["longer"]["shift"] == "four terms"
    assert document["evaluation"]["rounds"] == [0, 2, 4, 6]


def test_the_stage_refuses_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["--study", canonical_json(changed(("budget/rounds", 0))), "--output", str(tmp_path / "plan.json")])
    assert exit_.value.code == "study: budget.rounds: at least 1 is needed, not 0"
    assert not (tmp_path / "plan.json").exists()
