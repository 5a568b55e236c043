"""What was written to the same queries: by the base model, a level and its reference."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlflow_store import publish, shown, study
from rftlab.errors import BadInputError
from rftlab.files import read_json
from rftlab.runfolder.study_plan import read_plan
from rftlab.views.track import samples as module
from rftlab.views.track.samples import QUERIES, samples

ALL = ("baseline", "advantage/group_norm_extra7", "rollouts/n8")
SETS = ["chains_test", "longer", "words_test"]


def rows(plan: Path) -> list[dict[str, object]]:
    return samples(read_plan(plan), plan.parent)


def test_base_reference_and_level_answer_the_same_first_queries() -> None:
    found = rows(study(variants=ALL, seeds=(1, 0)))
    assert len(found) == 2 * len(SETS) * QUERIES
    assert {row["compared"] for row in found} == {
        "advantage/group_norm_extra7 vs baseline",
        "rollouts/n8 vs advantage/group_norm_extra7",
    }
    assert {row["seed"] for row in found} == {0}
    assert {row["evaluation_set"] for row in found} == set(SETS)
    row = next(row for row in found if row["evaluation_set"] == "chains_test")
    assert str(row["base wrote"]).startswith("= ")
    assert {*row} >= {"reference wrote", "level wrote", "base correct", "reference correct", "level correct"}
    levels = {row["compared"]: [] for row in found}
    for row in found:
        levels[row["compared"]].append((row["evaluation_set"], row["query"]))
    one, other = levels.values()
    assert one == other


def test_answers_are_those_of_the_last_checkpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "QUERIES", 20)
    found = [
        row for row in rows(study(variants=ALL)) if row["compared"] == "rollouts/n8 vs advantage/group_norm_extra7"
    ]
    test = [row for row in found if row["evaluation_set"] == "chains_test"]
    # of 20 queries, seed 0 being one below the accuracies that tests/helpers/synthetic.py writes
    assert sum(bool(row["base correct"]) for row in test) == 6
    assert sum(bool(row["reference correct"]) for row in test) == 11
    assert sum(bool(row["level correct"]) for row in test) == 17


def test_queries_have_their_texts_where_the_files_are() -> None:
    plan = study(variants=ALL)
    path = Path(read_json(plan)["evaluation_sets"]["longer"]["path"])
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    known = {f"longer-{i:04d}": line for i, line in enumerate(lines)}
    path.write_text("".join(json.dumps(line | {"id": name}) + "\n" for name, line in known.items()))
    longer = [row["query"] for row in rows(plan) if row["evaluation_set"] == "longer"]
    assert longer[:2] == ["0+7-0=", "1+7-1="]
    path.unlink()
    longer = [row["query"] for row in rows(plan) if row["evaluation_set"] == "longer"]
    assert longer[:2] == ["longer-0000", "longer-0001"]


def test_what_is_not_there_is_left_out_and_what_is_broken_is_told() -> None:
    plan = study(variants=ALL)
    run = next(run for run in read_json(plan)["runs"] if run["variant"] == "rollouts/n8")
    path = Path(run["evaluations"]["id"])
    path.write_bytes(b"no parquet")
    with pytest.raises(BadInputError, match="not a file of outcomes"):
        rows(plan)
    path.unlink()
    there = {(row["compared"], row["evaluation_set"]) for row in rows(plan)}
    assert ("rollouts/n8 vs advantage/group_norm_extra7", "chains_test") not in there
    assert ("rollouts/n8 vs advantage/group_norm_extra7", "longer") in there


def test_they_are_found_where_results_were_moved(tmp_path: Path) -> None:
    plan = study(variants=ALL)
    before = len(rows(plan))
    Path("results").rename("moved")
    assert len(rows(Path("moved/synthetic/plan.json"))) == before


def test_they_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROWS", 5)
    assert len(rows(study(variants=ALL))) == 5


def test_the_summary_run_shows_them_as_a_table() -> None:
    publish(study(variants=ALL))
    run = shown()["summary"]
    assert {"path": "samples.json", "type": "table"} in json.loads(run.data.tags["mlflow.loggedArtifacts"])
    table = read_json(Path("results/mlartifacts/synthetic") / run.info.run_id / "artifacts" / "samples.json")
    assert len(table["data"]) == 2 * len(SETS) * QUERIES
