"""The race in Snakemake: one call runs it to its end, and whatever was finished is never made again.

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

QUERIES = 150
LEVELS: dict[str, dict[str, Any]] = {  # one that three seeds decide, one that none of the looks before the last can
    "large": {"optimizer.lr": 0.35},
    "none": {"optimizer.lr": 1.0e-4},
}
MARGIN = 0.055  # ten seeds call 3 standard errors equivalent, four call nothing so


def study(levels: dict[str, dict[str, Any]], **changes: Any) -> dict[str, Any]:
    return {
        "study": "race",
        "models": {"stub": {"source": "directory", "path": "pretrained"}},
        "datasets": {
            "notes": {
                "source": "jsonl",
                "files": {"train": "train.jsonl", "test": "test.jsonl"},
                "verifier": "numeric",
                "prompt": {"template": "{{ query }}"},
            }
        },
        "baseline": {"rollout": {"queries": 4, "max_new_tokens": 4}, "optimizer": {"lr": 1.0e-5}},
        "factors": {"lr": levels},
        "seeds": {"race": [3, 4, 10], "reference": 5},
        "noise_floor": False,
        "budget": {"rounds": 2},
        "evaluation_sets": {"test": {"dataset": "notes", "split": "test"}},
        "evaluation": {"every": {"rounds": 1}, "id": ["test"], "samples": 0, "pass_at": []},
        "report": {"equivalence_margin": MARGIN},
    } | changes


class Race(Checkout):
    """A checkout with a race of stubs in it."""

    def write(self, levels: dict[str, dict[str, Any]], **changes: Any) -> None:
        self.study.write_text(yaml.safe_dump(study(levels, **changes), sort_keys=False))

    def end(self, *arguments: str) -> str:
        return self.snakemake(*arguments, "--cores", "2", "tables")

    @property
    def results(self) -> Path:
        return self.folder / "results" / "race"

    def runs(self) -> dict[str, int]:
        """Seeds of each variant that were trained, by the folders."""
        places = [path.parent.parent for path in self.results.glob("runs/**/checkpoints.json")]
        return {str(Path(*place.parts[-2:])).removeprefix("notes/"): places.count(place) for place in set(places)}

    def times(self) -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in self.results.glob("runs/**/checkpoints.json")}

    def verdicts(self) -> dict[str, str]:
        table = pd.read_parquet(self.results / "tables" / "verdicts.parquet")
        return dict(zip(table["level"], table["verdict"], strict=True))


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Race:
    """A race that has been run, in one call."""
    folder = tmp_path_factory.mktemp("race")
    copy_stubs(folder)
    write_questions(folder, train=8, test=QUERIES)
    race = Race(folder, "race.yaml")
    race.write(LEVELS)
    race.end()
    return race


@pytest.fixture
def race(ended: Race, tmp_path: Path) -> Race:
    """A copy of the race that a test may spoil."""
    folder = tmp_path / "race"
    shutil.copytree(ended.folder, folder, symlinks=True)
    return Race(folder, "race.yaml")


def test_one_call_runs_it_to_its_end(ended: Race) -> None:
    assert ended.runs() == {"baseline": 10, "lr/large": 3, "lr/none": 10}
    assert ended.verdicts()["large"] == "higher"
    looks = [json.loads((ended.results / "looks" / f"{k}.json").read_text()) for k in (1, 2)]
    assert looks[0]["next"] == ["stub/notes/lr/none/seed-3"]
    further = {"baseline": range(5, 10), "lr/none": range(4, 10)}
    assert looks[1]["next"] == [f"stub/notes/{name}/seed-{seed}" for name, seeds in further.items() for seed in seeds]
    assert not (ended.results / "looks" / "3.json").exists(), "after the last look nothing follows"


def test_after_the_end_nothing_is_left_to_do(ended: Race) -> None:
    output = ended.snakemake("-n", "--nolock")
    assert listed(output) == {"figures", "report", "track in results/mlflow.db"}, "which nobody has asked for yet"
    assert "race is a race: what its present look needs is listed. 23 runs are there; at most 7 could follow." in output


def test_an_interrupted_race_goes_on(race: Race) -> None:
    before = race.times()
    for place in ("looks/2.json", "runs/stub/notes/lr/none/seed-5/checkpoints.json", "tables/verdicts.csv"):
        (race.results / place).unlink()
    race.end()
    after = race.times()
    assert {path.parent.name for path in after if after[path] != before[path]} == {"seed-5"}
    assert (race.results / "looks" / "2.json").exists()


def test_a_new_level_asks_for_its_runs_alone(race: Race) -> None:
    before = race.times()
    race.write({**LEVELS, "larger": {"optimizer.lr": 0.45}})
    race.end()
    after = race.times()
    assert {path: after[path] for path in before} == before
    assert race.runs()["lr/larger"] == 3
    assert race.verdicts()["larger"] == "higher"


def test_a_removed_level_asks_for_nothing(race: Race) -> None:
    before = race.times()
    race.write({"large": LEVELS["large"]})
    race.end()
    assert race.times() == before
    assert race.verdicts() == {"large": "higher"}
    table = pd.read_parquet(race.results / "tables" / "runs.parquet")
    assert dict(table["variant"].value_counts()) == {"baseline": 5, "lr/large": 3}, "what nobody asks for is no result"


def test_a_changed_level_is_trained_again_and_nothing_else(race: Race) -> None:
    before = race.times()
    race.write({"large": {"optimizer.lr": 0.4}, "none": LEVELS["none"]})
    race.end()
    after = race.times()
    assert {path.parents[1].name for path in before if after[path] != before[path]} == {"large"}


def test_fixed_seeds_of_what_a_race_has_trained_train_nothing(race: Race) -> None:
    before = race.times()
    race.write(LEVELS, seeds=[0, 1, 2])
    race.end()
    assert race.times() == before
    table = pd.read_parquet(race.results / "tables" / "runs.parquet")
    assert set(table["variant"].value_counts()) == {3}
