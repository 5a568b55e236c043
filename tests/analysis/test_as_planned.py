"""No table is made of a run or an evaluation that is not what the plan says: whatever was done to the folders."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from rftlab.analysis.as_planned import NOTHING, differences
from rftlab.errors import BadInputError
from rftlab.files import read_json, write_json
from synthetic import CODE, manifest_again, tables_of, write_study

RESULTS = Path("results/synthetic")
PLAN = RESULTS / "plan.json"
RUNS, EVALUATIONS = RESULTS / "runs/tiny-qwen2/chains", RESULTS / "evaluations/tiny-qwen2"
RUN, OTHER = RUNS / "baseline/seed-1", RUNS / "again/seed-1"
OUTCOMES = EVALUATIONS / "chains/baseline/seed-1/id.parquet"
BASE = EVALUATIONS / "base/0123456789ab.parquet"
TRAIN_AGAIN = f"remove {RUN}/checkpoints.json to train the run again"
EVALUATE_AGAIN = "remove the file to evaluate again"


@pytest.fixture(autouse=True)
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_study(tmp_path, variants=("baseline", "again"))
    monkeypatch.chdir(tmp_path)


def refused() -> str:
    with pytest.raises(BadInputError) as error:
        tables_of(PLAN)
    return str(error.value)


def edit(path: Path, *keys: str, value: object) -> None:
    """Another value in a JSON file."""
    document = read_json(path)
    place = document
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    write_json(path, document)


def remade(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Another word on what outcomes were made with."""
    table = pq.read_table(path)
    made = json.loads(table.schema.metadata[b"made"])
    change(made)
    pq.write_table(table.replace_schema_metadata({"made": json.dumps(made)}), path)


def test_what_is_as_planned_is_shown() -> None:
    assert tables_of(PLAN)["runs"]["other_code"].tolist() == [False] * 6


def test_a_level_whose_value_changed_after_its_run() -> None:
    edit(RESULTS / "expected.json", "runs", str(RUN), "config", "config", "optimizer", "lr", value=2e-4)
    key = "config.optimizer.lr"
    assert refused() == f"{RUN}/run.json: {key}: made with 0.0001, the plan has 0.0002; {TRAIN_AGAIN}"


@pytest.mark.parametrize(
    ("keys", "value", "told"),
    [
        (("seed",), 7, "seed: made with 7, the plan has 1"),
        (("config", "reward", "extra"), None, "config.reward.extra: made with None, the plan has nothing"),
        (("config", "advantage"), "raw", "config.advantage: made with 'raw', the plan has {'name': 'raw'}"),
        (("config", "reward", "correct"), 1, "config.reward.correct: made with 1, the plan has 1.0"),
    ],
)
def test_a_run_of_another_configuration(keys: tuple[str, ...], value: object, told: str) -> None:
    edit(RUN / "run.json", *keys, value=value)
    manifest_again(RUN)
    assert refused() == f"{RUN}/run.json: {told}; {TRAIN_AGAIN}"


def test_the_whole_folder_of_another_run() -> None:
    shutil.copytree(OTHER, RUN, dirs_exist_ok=True)
    assert refused().startswith(f"{RUN}/run.json: variant: made with 'again', the plan has 'baseline'; ")


@pytest.mark.parametrize("name", ["run.json", "metrics.jsonl"])
def test_a_file_of_another_training(name: str) -> None:
    (RUN / name).write_bytes((RUN / name).read_bytes().rstrip() + b" \n")
    assert refused() == f"{RUN}/{name}: not the file that checkpoints.json beside it names; {TRAIN_AGAIN}"


def test_the_manifest_of_another_run() -> None:
    shutil.copy(OTHER / "checkpoints.json", RUN)
    assert refused().startswith(f"{RUN}/run.json: not the file that checkpoints.json beside it names; ")


def test_a_manifest_that_names_no_files() -> None:
    manifest = read_json(RUN / "checkpoints.json")
    write_json(RUN / "checkpoints.json", {key: value for key, value in manifest.items() if key != "files"})
    assert refused().startswith(f"{RUN}/run.json: not the file that checkpoints.json beside it names; ")


def test_another_training_split() -> None:
    edit(RESULTS / "data.json", "datasets", "chains", "sha256", value="new")
    was = read_json(RUN / "provenance.json")["key"]["data"]
    told = f"data: made with '{was}', the plan has 'new'"
    first = RUNS / "baseline/seed-0"
    assert refused().startswith(f"{first}/provenance.json: key: {told}; ")


@pytest.mark.parametrize(("path", "key"), [("checkpoints.json", "base.sha256"), ("provenance.json: key", "model")])
def test_another_base_model(path: str, key: str) -> None:
    edit(RUN / path.split(":")[0], *(("key", key) if ":" in path else key.split(".")), value="other")
    assert refused().startswith(f"{RUN}/{path}: {key}: made with 'other', the plan has '")


def test_a_base_model_that_was_made_anew() -> None:
    path = Path("resources/models/tiny-qwen2/model.json")
    path.parent.mkdir(parents=True)
    write_json(path, {"sha256": "new"})
    assert refused().startswith(f"{BASE}: checkpoints: 0: made with '")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda made: made["checkpoints"].update({"5": "stale"}), "checkpoints: 5: made with 'stale', the plan has '"),
        (lambda made: made["checkpoints"].pop("10"), "checkpoints: 10: made with nothing, the plan has '"),
        (lambda made: made["queries"].update(chains_test="old"), "queries: chains_test: made with 'old', the plan"),
        (lambda made: made["config"]["labels"].update(seed=2), "labels.seed: made with 2, the plan has 1"),
        (
            lambda made: made["config"]["sets"]["chains_test"].update(verifier="exact"),
            "sets.chains_test.verifier: made with 'exact', the plan has 'numeric'",
        ),
    ],
)
def test_outcomes_of_something_else(change: Callable[[dict[str, Any]], object], told: str) -> None:
    remade(OUTCOMES, change)
    assert refused().startswith(f"{OUTCOMES}: {told}")
    assert refused().endswith(EVALUATE_AGAIN)


def test_outcomes_of_a_base_model_on_other_queries() -> None:
    remade(BASE, lambda made: made["queries"].update(longer="old"))
    assert refused().startswith(f"{BASE}: queries: longer: made with 'old', ")


def test_outcomes_that_do_not_say_what_they_are_of() -> None:
    pq.write_table(pq.read_table(OUTCOMES).replace_schema_metadata(None), OUTCOMES)
    assert refused() == f"{OUTCOMES}: it does not say what it was made with: remove it, so that it is made again"


@pytest.mark.parametrize("part", ["datasets", "evaluation_sets"])
def test_a_check_of_the_data_without_checksums(part: str) -> None:
    document = read_json(RESULTS / "data.json")
    del next(iter(document[part].values()))["sha256"]
    write_json(RESULTS / "data.json", document)
    assert refused() == f"data.json: {part}: a checksum is missing: remove the file, so that it is made again"


@pytest.mark.parametrize("kind", ["runs", "evaluations"])
def test_what_nobody_expects(kind: str) -> None:
    path = str(RUN if kind == "runs" else OUTCOMES)
    document = read_json(RESULTS / "expected.json")
    del document[kind][path]
    write_json(RESULTS / "expected.json", document)
    assert refused() == f"{path}: expected.json does not have it: remove that file, so that it is made again"


@pytest.mark.parametrize("of", ["training", "evaluation", "base"])
def test_other_code_needs_a_reason_that_the_report_repeats(of: str) -> None:
    runs = 6 if of == "base" else 1
    if of == "training":
        edit(RUN / "provenance.json", "key", "code", value="old")
        where = f"{RUN}/provenance.json: key.code"
    else:
        path = BASE if of == "base" else OUTCOMES
        remade(path, lambda made: made.update(code="old"))
        where = f"{path}: code"
    told = refused()
    assert told.startswith(f"{where}: made with old, today's code is {CODE}; remove ")
    assert told.endswith(", or say in report.other_code why results of other code may be shown")
    edit(PLAN, "report", "other_code", value="only logging changed")
    assert tables_of(PLAN)["runs"]["other_code"].sum() == runs


def test_a_reason_for_other_code_is_none_for_another_configuration() -> None:
    edit(PLAN, "report", "other_code", value="only logging changed")
    edit(RUN / "run.json", "seed", value=7)
    assert "seed: made with 7, the plan has 1" in refused()


def test_differences_are_told_by_dotted_key() -> None:
    planned = {"a": {"b": 1, "c": [1, 2]}, "d": None, "e": "nothing"}
    assert list(differences(planned, planned)) == []
    found = {"a": {"b": True, "c": [1, 2, 3]}, "f": 0}
    assert list(differences(planned, found)) == [
        ("a.b", 1, True),
        ("a.c", [1, 2], [1, 2, 3]),
        ("d", None, NOTHING),
        ("e", "nothing", NOTHING),
        ("f", NOTHING, 0),
    ]
