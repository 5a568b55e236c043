"""Notes on data: what training has too, and what was dropped."""

from __future__ import annotations

import copy
import dataclasses
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import presented
from rftlab.errors import BadInputError
from rftlab.views.data_notes import SetNotes, evaluation_sets, overlong, training
from rftlab.views.results import Results
from rftlab.views.summary import RunRecords

FEW = {name: presented.VARIANTS[name] for name in ("baseline", "again")}
NOTHING = SetNotes("", "", "")


@pytest.fixture
def study(tmp_path: Path) -> Results:
    """Of two models, with an evaluation file of each."""
    study = presented.study(models=("a", "b"), seeds=(0,), variants=FEW)
    runs = tuple(dataclasses.replace(run, base=str(tmp_path / f"{run.model}.parquet")) for run in study.plan.runs)
    for model, counts in (("a", {"chains_test": 0, "longer": 3}), ("b", {"longer": 1200, "larger": 1})):
        write(tmp_path / f"{model}.parquet", {"overlong": json.dumps(counts)})
    return dataclasses.replace(study, plan=dataclasses.replace(study.plan, runs=runs))


def write(path: Path, metadata: dict[str, str] | None) -> None:
    pq.write_table(pa.table({"query": ["q"]}).replace_schema_metadata(metadata), path)


def data(**evaluation: dict[str, Any]) -> dict[str, Any]:
    """The content of data.json, with other entries for some evaluation sets."""
    sets = {name: {"queries": 256, "overlap": {}, "reason": None, "clusters": {}} for name in presented.SETS}
    return {"datasets": {"chains": copy.deepcopy(presented.TRAINING)}, "evaluation_sets": sets | evaluation}


def records(study: Results, **overlong: int) -> RunRecords:
    """Provenance of every run, with the prompts that its model lost."""
    of_runs = [{"data": {"overlong": overlong.get(run.model, 0)}} for run in study.plan.runs]
    return RunRecords(of_runs, {})


def test_what_each_set_lost_is_told_by_pair(study: Results) -> None:
    notes = evaluation_sets(study, data())
    assert notes == dict.fromkeys(presented.SETS, NOTHING) | {
        "longer": SetNotes("", "", "3 (a × chains), 1,200 (b × chains)"),
        "larger": SetNotes("", "", "1 (b × chains)"),
    }


def test_what_a_set_shares_with_training_is_told_with_its_reason(study: Results) -> None:
    overlap = {"chains": {"exact": 1, "normalised": 1234}, "words": {"exact": 0, "normalised": 2}}
    shared = {"queries": 5000, "overlap": overlap, "reason": "a known duplicate", "clusters": {}}
    notes = evaluation_sets(study, data(chains_test=shared, products=shared | {"reason": None}))
    text = "1,234 with chains, 2 with words, of 5,000"
    assert notes["chains_test"] == SetNotes(text, "a known duplicate", "")
    assert notes["products"] == SetNotes(text, "", "")


def test_clusters_are_told(study: Results) -> None:
    clusters = {"queries": 1256, "overlap": {}, "reason": None, "clusters": {f"{i}": f"{i // 5}" for i in range(1250)}}
    note = "1,256 queries, 1,250 of them in 250 clusters that count as one each"
    assert evaluation_sets(study, data(longer=clusters))["longer"].clusters == note
    assert evaluation_sets(study, data())["longer"].clusters == ""


def test_a_reason_without_anything_shared_is_not_told(study: Results) -> None:
    unneeded = {"queries": 256, "overlap": {}, "reason": "a known duplicate", "clusters": {}}
    assert evaluation_sets(study, data(products=unneeded))["products"] == NOTHING


def test_an_evaluation_that_cannot_be_read_is_named(study: Results, tmp_path: Path) -> None:
    (tmp_path / "b.parquet").unlink()
    with pytest.raises(BadInputError, match=rf"^{tmp_path}/b.parquet: not an evaluation file"):
        evaluation_sets(study, data())


def test_all_that_training_lost_is_told(study: Results) -> None:
    assert training(study, records(study, a=5, b=1000), data()) == {
        "chains": "4 duplicates, 1 of them with another answer, 1 with an empty box, 5 overlong prompts (a), "
        "1,000 overlong prompts (b) dropped; 512 queries were left"
    }


@pytest.mark.parametrize(
    ("split", "lost", "note"),
    [
        ({"duplicates": 0, "conflicts": 0, "unanswered": [], "several_boxes": []}, 0, None),
        (
            {"duplicates": 1500, "conflicts": 0, "unanswered": [], "several_boxes": []},
            0,
            "1,500 duplicates dropped; 512 queries were left",
        ),
        (
            {"duplicates": 0, "conflicts": 0, "unanswered": ["x:1", "x:2"], "several_boxes": []},
            0,
            "2 with an empty box dropped; 512 queries were left",
        ),
        (
            {"duplicates": 0, "conflicts": 0, "unanswered": [], "several_boxes": []},
            2,
            "2 overlong prompts (a) dropped; 512 queries were left",
        ),
    ],
)
def test_what_training_did_not_lose_is_not_told(study: Results, split, lost: int, note: str | None) -> None:
    given = data()
    given["datasets"]["chains"] |= split
    assert training(study, records(study, a=lost), given) == ({"chains": note} if note else {})


def test_only_the_baselines_records_count(study: Results) -> None:
    """Another variant may have another template, and so other prompts that are too long."""
    of_runs = [{"data": {"overlong": 0 if run.variant == "baseline" else 99}} for run in study.plan.runs]
    assert "overlong" not in training(study, RunRecords(of_runs, {}), data())["chains"]


def test_overlong_prompts_stand_in_the_metadata_of_an_evaluation(tmp_path: Path) -> None:
    write(tmp_path / "x.parquet", {"overlong": '{"sums": 2}', "other": "x"})
    assert overlong(tmp_path / "x.parquet") == {"sums": 2}


def test_what_is_no_evaluation_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    with pytest.raises(BadInputError, match=rf"^{path}: not an evaluation file: "):
        overlong(path)
    path.write_bytes(b"not parquet at all")
    with pytest.raises(BadInputError, match=rf"^{path}: not an evaluation file: "):
        overlong(path)
    for metadata in (None, {"other": "x"}):
        write(path, metadata)
        with pytest.raises(BadInputError) as error:
            overlong(path)
        assert str(error.value) == f"{path}: not an evaluation file: it does not say how many prompts were dropped"
