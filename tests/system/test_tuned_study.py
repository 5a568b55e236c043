"""The tuned comparison in Snakemake: values are chosen by runs of other seeds, then what was chosen is compared.

Stages are stubs (tests/helpers/stub_stages.py): a learning rate is what it adds to the chance of being right.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from checkout import Checkout, copy_stubs, listed, write_questions

pytestmark = pytest.mark.workflow

RATES = [1.0e-5, 0.2, 0.35]
LEVELS: dict[str, dict[str, Any]] = {"b8": {"rollout.queries": 8}, "b16": {"rollout.queries": 16}}
MARGIN = 0.045  # ten seeds call 3 standard errors equivalent, four call nothing so


def study(**changes: Any) -> dict[str, Any]:
    return {
        "study": "tuned",
        "models": {"stub": {"source": "directory", "path": "pretrained"}},
        "datasets": {
            "notes": {
                "source": "jsonl",
                "files": {name: f"{name}.jsonl" for name in ("train", "validation", "test")},
                "verifier": "numeric",
                "prompt": {"template": "{{ query }}"},
            }
        },
        "baseline": {"rollout": {"queries": 4, "max_new_tokens": 4}, "optimizer": {"lr": 1.0e-5}},
        "factors": {"batch": LEVELS},
        "tune": {"values": {"optimizer.lr": RATES}, "levels": ["batch/b8"]},
        "seeds": [0, 1, 2],
        "noise_floor": False,
        "budget": {"rounds": 2},
        "evaluation_sets": {
            "chosen_on": {"dataset": "notes", "split": "validation"},
            "test": {"dataset": "notes", "split": "test"},
        },
        "evaluation": {"every": {"rounds": 1}, "id": ["chosen_on", "test"], "samples": 0, "pass_at": []},
        "report": {"equivalence_margin": 0.1},
    } | changes


class Tuned(Checkout):
    """A checkout with a tuned comparison of stubs in it."""

    def write(self, **changes: Any) -> None:
        self.study.write_text(yaml.safe_dump(study(**changes), sort_keys=False))

    def end(self, *arguments: str) -> str:
        return self.snakemake(*arguments, "--cores", "2", "tables")

    @property
    def results(self) -> Path:
        return self.folder / "results" / "tuned"

    def runs(self) -> dict[str, set[int]]:
        """Seeds of each variant that were trained, by the folders."""
        found: dict[str, set[int]] = {}
        for path in self.results.glob("runs/**/checkpoints.json"):
            variant, seed = path.parent.relative_to(self.results / "runs/stub/notes").as_posix().rsplit("/seed-", 1)
            found.setdefault(variant, set()).add(int(seed))
        return found

    def times(self) -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in self.results.glob("runs/**/checkpoints.json")}

    def table(self, name: str) -> pd.DataFrame:
        return pd.read_parquet(self.results / "tables" / f"{name}.parquet")

    def look(self, number: int) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.results / "tuned" / f"{number}.json").read_text())
        return content


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Tuned:
    """A tuned comparison that has been made, in one call."""
    folder = tmp_path_factory.mktemp("tuned")
    copy_stubs(folder)
    write_questions(folder, train=8, validation=200, test=150)
    tuned = Tuned(folder, "tuned.yaml")
    tuned.write()
    tuned.end()
    return tuned


@pytest.fixture
def copied(ended: Tuned, tmp_path: Path) -> Tuned:
    """A copy that a test may spoil."""
    folder = tmp_path / "tuned"
    shutil.copytree(ended.folder, folder, symlinks=True)
    return Tuned(folder, "tuned.yaml")


def test_one_call_chooses_and_compares(ended: Tuned) -> None:
    judged, choosing = {0, 1, 2}, {1000, 1001}
    assert ended.runs() == {
        "baseline": judged | choosing,
        "baseline@0.2": choosing,
        "baseline@0.35": judged | choosing,
        "batch/b8": judged | choosing,
        "batch/b8@0.2": choosing,
        "batch/b8@0.35": judged | choosing,
        "batch/b16": judged,
    }
    choices = {row["tuned"]: row["variant"] for row in ended.look(0)["choices"]}
    assert choices == {"baseline": "baseline@0.35", "batch/b8": "batch/b8@0.35"}
    asked = [f"stub/notes/{name}@0.35/seed-{seed}" for name in ("baseline", "batch/b8") for seed in judged]
    assert ended.look(0)["next"] == asked
    assert not (ended.results / "tuned" / "1.json").exists(), "with fixed seeds nothing follows"


def test_what_chooses_is_asked_validation_queries_alone(ended: Tuned) -> None:
    files = [
        path.relative_to(ended.results / "evaluations/stub") for path in ended.results.glob("evaluations/**/*.parquet")
    ]
    of_choosing = {path.name for path in files if path.parent.name in ("seed-1000", "seed-1001")}
    assert of_choosing == {"validation.parquet"}
    path = ended.results / "evaluations/stub/notes/batch/b8@0.2/seed-1000/validation.parquet"
    assert set(pd.read_parquet(path)["evaluation_set"]) == {"chosen_on"}


def test_tables_say_what_was_chosen_and_found_beside_the_fixed_values(ended: Tuned) -> None:
    tuned, fixed = ended.table("tuned"), ended.table("verdicts")
    assert set(fixed["level"]) == {"b8", "b16"}
    assert set(tuned["level"]) == {"b8"}
    assert set(zip(tuned["value"], tuned["value_reference"], strict=True)) == {(0.35, 0.35)}
    assert list(tuned["n_seeds"].unique()) == [3]
    scores = ended.table("tuning").set_index(["tuned", "value"])
    assert list(scores["chosen"]) == [False, False, True] * 2
    assert list(scores["own"]) == [True, False, False] * 2
    assert scores["score"].is_monotonic_increasing or scores.groupby("tuned")["score"].is_monotonic_increasing.all()
    assert set(ended.table("runs")["variant"]) == {"baseline", "batch/b8", "batch/b16"}


def test_after_the_end_nothing_is_left_to_do(ended: Tuned) -> None:
    output = ended.snakemake("-n", "--nolock")
    assert listed(output) == {"figures", "report", "track in results/mlflow.db"}, "which nobody has asked for yet"
    assert "tuned chooses values before it compares them: what its present look needs is listed. 27 runs are" in output


def test_a_choice_is_made_again_from_results_alone(copied: Tuned) -> None:
    before, tables = copied.times(), copied.table("tuned")
    for path in ("tuned/0.json", "tables/tuned.csv", "runs/stub/notes/batch/b8@0.35/seed-1/checkpoints.json"):
        (copied.results / path).unlink()
    copied.end()
    after = copied.times()
    assert {path.parent.name for path in after if after[path] != before[path]} == {"seed-1"}
    assert copied.table("tuned").equals(tables)


def test_another_value_trains_what_chooses_and_what_is_chosen_alone(copied: Tuned) -> None:
    before = copied.times()
    copied.write(tune={"values": {"optimizer.lr": [*RATES, 0.45]}, "levels": ["batch/b8"]})
    copied.end()
    after = copied.times()
    assert {path: after[path] for path in before} == before
    assert {path.parent.parent.name for path in set(after) - set(before)} == {"baseline@0.45", "b8@0.45"}
    assert {row["value"] for row in copied.look(0)["choices"]} == {0.45}


def test_without_it_the_study_is_what_it_was(copied: Tuned) -> None:
    before, fixed = copied.times(), copied.table("verdicts")
    copied.write(tune=None)
    copied.end()
    assert copied.times() == before
    assert copied.table("verdicts").equals(fixed)
    assert copied.table("tuned").empty


def test_it_races_where_the_study_races(copied: Tuned) -> None:
    before = copied.times()
    copied.write(seeds={"race": [3, 4, 10], "reference": 3}, report={"equivalence_margin": MARGIN})
    copied.end()
    assert {path: copied.times()[path] for path in before} == before
    looks = sorted(path.stem for path in (copied.results / "tuned").glob("*.json"))
    assert looks == ["0", "1", "2"], "or there is nothing to test"
    assert copied.look(1)["next"] == [f"stub/notes/{name}@0.35/seed-3" for name in ("baseline", "batch/b8")]
    assert copied.runs()["batch/b8@0.35"] == {*range(10), 1000, 1001}
    assert copied.runs()["batch/b8@0.2"] == {1000, 1001}
    assert "running" not in set(copied.table("tuned")["verdict"])
    assert listed(copied.snakemake("-n")) == {"figures", "report", "track in results/mlflow.db"}


def test_a_dry_run_lists_fixed_values_and_what_chooses(copied: Tuned) -> None:
    shutil.rmtree(copied.results)
    said = listed(copied.snakemake("-n"))
    trained = {line.removeprefix("train stub on notes: ") for line in said if line.startswith("train ")}
    fixed = {f"{name}, seed {seed}" for name in ("baseline", "batch/b8", "batch/b16") for seed in range(3)}
    names = [f"{name}{at}" for name in ("baseline", "batch/b8") for at in ("", "@0.2", "@0.35")]
    assert trained == fixed | {f"{name}, seed {seed}" for name in names for seed in (1000, 1001)}


def test_checkpoints_of_what_chooses_are_removed_as_others_are(copied: Tuned) -> None:
    before, folder = copied.times(), copied.results / "runs/stub/notes/baseline@0.2/seed-1000"
    copied.write(checkpoints="none")
    copied.snakemake("--cores", "2", str((folder / "removed.json").relative_to(copied.folder)))
    assert not [*folder.glob("checkpoints/*")]
    copied.end()
    assert copied.times() == before
