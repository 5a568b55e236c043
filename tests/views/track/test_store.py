"""Stores that are locked, read-only, older, newer or none: one line, files intact, and a later import is whole."""

from __future__ import annotations

import json
import math
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy
from alembic import command
from mlflow.store.db.utils import _get_alembic_config
from mlflow.store.tracking.dbmodels.initial_models import Base

import presented
from mlflow_store import (
    BASELINE,
    DB,
    ENVIRONMENT,
    N8,
    RUNS,
    SETS,
    URI,
    client,
    dump,
    edit_json,
    edit_line,
    fails,
    finish,
    history,
    models,
    points,
    publish,
    shown,
    study,
    write_evaluations,
)
from rftlab.files import read_json
from rftlab.views.track import limits
from rftlab.views.track.store import IMPORTED, NOTE, Store, open_store
from rftlab.views.track.view import read_view
from synthetic import CHECKPOINTS, ROUNDS, accuracy

OLDER = "451aebb31d03"  # a revision of MLflow's schema from 2019


def tracked(plan: Path, *before: str, wait_s: float = 60.0) -> subprocess.CompletedProcess[str]:
    """The stage in a process of its own, with ``before`` in front of its command."""
    line = [
        *before,
        sys.executable,
        "-m",
        "rftlab.views.track",
        "--plan",
        str(plan),
        "--store",
        URI,
        "--wait",
        str(wait_s),
    ]
    return subprocess.run(line, capture_output=True, text=True, check=False, env=ENVIRONMENT)


def files() -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in Path("results/synthetic").rglob("*") if path.is_file()}


def locked() -> Iterator[None]:
    with closing(sqlite3.connect(DB)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield


def newer() -> Iterator[None]:
    kept = DB.read_bytes()
    with closing(sqlite3.connect(DB)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = 'ffffffffffff'")
    yield
    DB.write_bytes(kept)


def no_database() -> Iterator[None]:
    DB.write_bytes(b"something else entirely" * 50)
    yield
    DB.unlink()


def another_database() -> Iterator[None]:
    DB.unlink()
    with closing(sqlite3.connect(DB)) as connection, connection:
        connection.execute("CREATE TABLE runs (a INTEGER)")
    yield
    DB.unlink()


def a_folder() -> Iterator[None]:
    DB.unlink()
    DB.mkdir()
    yield
    DB.rmdir()


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (locked, "database is locked"),
        (newer, "written by a newer MLflow"),
        (no_database, "not a database"),
        (another_database, "no such table"),
        (a_folder, "unable to open database file"),
    ],
)
def test_a_store_of_no_use_is_told_in_one_line_and_a_later_import_is_whole(
    harm: Callable[[], Iterator[None]], said: str
) -> None:
    plan = study()
    before = files()
    harmed = harm()
    next(harmed)
    done = tracked(plan, wait_s=0.2)
    assert done.returncode == 1
    assert said in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert files() == before
    assert list(harmed) == []
    done = tracked(plan)
    assert (done.returncode, done.stderr) == (0, "")
    assert points() == sum(run.points for run in read_view(plan).runs)
    assert files() == before


def test_a_store_of_an_older_schema_is_brought_up_to_date() -> None:
    plan = study()
    DB.unlink()
    uri = f"sqlite:///{DB.absolute()}"
    engine = sqlalchemy.create_engine(uri)
    Base.metadata.create_all(engine)
    command.upgrade(_get_alembic_config(uri), OLDER)
    with engine.begin() as connection:
        row = "INSERT INTO experiments (name, artifact_location, lifecycle_stage) VALUES ('other', 'x', 'active')"
        connection.execute(sqlalchemy.text(row))
    engine.dispose()
    done = tracked(plan)
    assert done.returncode == 0, done.stderr
    assert len(shown()) == 3
    assert client().get_experiment_by_name("other") is not None, "what others keep there stays"


@pytest.mark.parametrize("what", [DB, DB.parent], ids=["file", "folder"])
def test_a_read_only_store_is_told_in_one_line(what: Path) -> None:
    """Permissions stop no root: without the right to override them, they do."""
    obeying = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    if obeying and shutil.which("setpriv") is None:
        pytest.skip("as root this needs setpriv (util-linux)")
    plan = study()
    before, writable = files(), what.stat().st_mode
    what.chmod(writable & 0o555)
    try:
        done = tracked(plan, *obeying)
    finally:
        what.chmod(writable)
    assert done.returncode == 1
    assert "readonly" in done.stderr or "cannot be written (Permission denied)" in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert files() == before
    assert tracked(plan).returncode == 0
    assert points() == sum(run.points for run in read_view(plan).runs)


def test_imports_at_the_same_time_are_one_after_the_other() -> None:
    plan = study(seeds=(0, 1))
    line = [sys.executable, "-m", "rftlab.views.track", "--plan", str(plan), "--store", URI]
    together = [subprocess.Popen(line, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT) for _ in range(4)]
    assert [(one.communicate()[1], one.returncode) for one in together] == [("", 0)] * 4
    assert len(shown()) == 5
    assert points() == sum(run.points for run in read_view(plan).runs)


def test_no_server_is_asked() -> None:
    """What a tracking server does, or whether there is one, is none of the import's business."""
    plan = study()
    nowhere = ENVIRONMENT | {"MLFLOW_TRACKING_URI": "http://127.0.0.1:9"}
    line = [sys.executable, "-m", "rftlab.views.track", "--plan", str(plan), "--store", URI]
    done = subprocess.run(line, capture_output=True, text=True, check=False, env=nowhere)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(shown()) == 3


def test_a_run_is_shown_with_curves_params_inputs_and_checkpoints() -> None:
    plan = study()
    assert publish(plan) == {"created": 3}
    run = shown()[N8]
    assert run.info.run_name == "rollouts/n8 · seed 0"
    assert run.info.status == "FINISHED"
    lines = [json.loads(line) for line in (RUNS / "rollouts/n8/seed-0/metrics.jsonl").read_text().splitlines()]
    clock = [json.loads(line) for line in (RUNS / "rollouts/n8/seed-0/timings.jsonl").read_text().splitlines()]
    times = {row["round"]: row["time_ms"] for row in clock}
    for name in ("reward_mean", "tokens", "kl_base"):
        expected = {row["round"]: (row[name], times[row["round"]]) for row in lines if name in row}
        assert history(run, f"train/{name}") == expected
    assert history(run, "time/sample_s") == {r: (0.5, time_ms) for r, time_ms in times.items()}
    greedy = {r: (accuracy("rollouts/n8", "chains_test", r, 0), times[max(r, 1)]) for r in (0, *CHECKPOINTS)}
    assert history(run, "evaluate/chains_test/greedy") == greedy
    assert set(history(run, "evaluate/longer/pass_at_4")) == {0, *CHECKPOINTS}
    assert run.data.params["rollout.rollouts"] == "8"
    assert run.data.params["optimizer.lr"] == "0.0001"
    assert run.data.params["objective.kl.estimator"] == "k3"
    assert run.data.params["relative_to"] == run.data.tags["relative_to"] == "advantage/group_norm_extra7"
    assert run.data.tags["status"] == "finished"
    assert (run.info.start_time, run.info.end_time) == (times[1], times[ROUNDS])
    inputs = {(i.dataset.name, i.tags[0].value): i.dataset.digest for i in run.inputs.dataset_inputs}
    sets = read_json(plan)["evaluation_sets"]
    expected_inputs = {(name, "evaluation"): sets[name]["digest"] for name in SETS}
    assert inputs == expected_inputs | {("chains", "training"): read_json(plan)["datasets"]["chains"]["digest"]}


def test_checkpoints_are_models_by_path_and_digest_without_copies() -> None:
    publish(study())
    manifest = read_json(RUNS / "baseline/seed-0/checkpoints.json")["checkpoints"]
    found = models(shown()[BASELINE])
    assert {r: model.tags["sha256"] for r, model in found.items()} == {c["round"]: c["sha256"] for c in manifest}
    for entry in manifest:
        assert found[entry["round"]].tags["path"] == f"synthetic/runs/{BASELINE}/{entry['path']}"
        assert found[entry["round"]].tags["mlflow.model.isExternal"] == "true"
        assert found[entry["round"]].status == "READY"
    assert not list(Path("results/mlartifacts").rglob("MLmodel"))


def test_importing_twice_changes_nothing() -> None:
    plan = study(diverged={("rollouts/n8", 0): 7})
    publish(plan)
    before = dump()
    artifacts = {p: p.stat().st_mtime_ns for p in Path("results/mlartifacts").rglob("*")}
    assert publish(plan) == {"unchanged": 3}
    assert dump() == before
    assert {p: p.stat().st_mtime_ns for p in Path("results/mlartifacts").rglob("*")} == artifacts


def test_a_long_curve_is_imported_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = study()
    monkeypatch.setattr(limits, "POINTS_PER_CALL", 7)
    publish(plan)
    assert points() == sum(run.points for run in read_view(plan).runs)


def test_a_study_of_any_size_is_imported_whole_and_again() -> None:
    """What has been imported is more text than a tag can hold, a run has more datasets than one call takes."""
    plan = study(variants=("baseline",))
    sets = read_json(plan)["evaluation_sets"]
    more = {f"{'longer' * 9}{i:04d}": sets["longer"] for i in range(1100)}
    run = read_json(plan)["runs"][0]
    suites = run["suites"] | {"ood": [*run["suites"]["ood"], *more]}
    edit_json(plan, evaluation_sets=sets | more, runs=[run | {"suites": suites}], description="d" * 30_000)
    path = plan.parent / "tables" / "evaluations.parquet"
    table = pd.read_parquet(path)
    row = table[table.evaluation_set == "longer"].head(1)
    table = pd.concat([table, *(row.assign(evaluation_set=name) for name in more)])
    table.to_parquet(path)
    publish(plan)
    tags = shown()[BASELINE].data.tags
    assert max(map(len, tags.values())) <= limits.TAG_LENGTH < len(json.dumps(read_view(plan).runs[0].state()))
    known = {name for names in suites.values() for name in names}
    assert len(shown()[BASELINE].inputs.dataset_inputs) == len(known) + 1
    assert publish(plan) == {"unchanged": 2}
    table.assign(value=0.5).to_parquet(path)
    assert publish(plan) == {"recreated": 1, "appended": 1}
    assert points() == sum(run.points for run in read_view(plan).runs)


def test_what_an_earlier_version_cut_is_made_anew() -> None:
    plan = study()
    publish(plan)
    run = shown()[BASELINE]
    client().set_tag(run.info.run_id, IMPORTED, run.data.tags[IMPORTED][:-9])
    assert publish(plan) == {"recreated": 1, "unchanged": 2}
    assert publish(plan) == {"unchanged": 3}


def test_names_and_values_of_any_length_and_kind_are_stored() -> None:
    plan = study()
    place = RUNS / "baseline/seed-0"
    variables = {"a:{b}": 1, "a:[b]": 2, "/c//d": 3, "é" * 400: 4, "text": "x" * 9000}
    edit_json(place / "run.json", config=read_json(place / "run.json")["config"] | {"variables": variables})
    edit_line(place / "metrics.jsonl", 1, **{"m" * 300: 1.0})
    publish(plan)
    run = shown()[BASELINE]
    stored = {key: value for key, value in run.data.params.items() if key.startswith("variables.")}
    assert sorted(value for value in stored.values() if len(value) == 1) == ["1", "2", "3", "4"]
    assert len(run.data.params["variables.text"]) == limits.PARAM_LENGTH
    assert history(run, limits.fitting_key(f"train/{'m' * 300}"))[2][0] == 1.0
    assert publish(plan) == {"unchanged": 3}


def test_a_growing_run_is_appended_and_keeps_its_identity_when_published() -> None:
    plan = study(unfinished=[("baseline", 0)])
    publish(plan)
    run = shown()[BASELINE]
    assert (run.info.status, run.data.tags["status"]) == ("RUNNING", "running")
    assert run.info.end_time is None
    assert set(history(run, "train/loss")) == {1, 2, 3, 4, 5}

    state = RUNS / "baseline/seed-0/.state"
    with (state / "metrics.jsonl").open("a") as log:
        log.write(json.dumps({"round": 6, "loss": -1.0}) + "\n" + '{"round": 7, "lo')
    assert publish(plan) == {"unchanged": 3}  # the round has no time yet: imported now, it would change later
    with (state / "timings.jsonl").open("a") as log:
        log.write(json.dumps({"round": 6, "time_ms": 1_767_225_700_000}) + "\n" + '{"rou')
    assert publish(plan) == {"appended": 1, "unchanged": 2}
    assert history(shown()[BASELINE], "train/loss")[6] == (-1.0, 1_767_225_700_000)
    assert 7 not in history(shown()[BASELINE], "train/loss")

    for name in ("metrics.jsonl", "timings.jsonl"):
        (state / name).write_text((state / name).read_text().rpartition("\n")[0] + "\n")
    finish(BASELINE)
    assert publish(plan) == {"appended": 1, "unchanged": 2}
    finished = shown()[BASELINE]
    assert finished.info.run_id == run.info.run_id
    assert (finished.info.status, finished.data.tags["status"]) == ("FINISHED", "finished")
    assert finished.info.end_time == 1_767_225_700_000
    assert finished.data.tags["commit"] == "abc"
    assert len(history(finished, "train/loss")) == 6


def test_a_run_that_is_being_published_is_not_deleted_meanwhile() -> None:
    plan = study(unfinished=[("baseline", 0)])
    publish(plan)
    before = shown()[BASELINE].info.run_id
    (RUNS / "baseline/seed-0/.state/metrics.jsonl").replace(RUNS / "baseline/seed-0/metrics.jsonl")
    assert publish(plan) == {"unchanged": 2}
    assert shown()[BASELINE].info.run_id == before


def test_evaluations_that_come_later_are_appended() -> None:
    plan = study()
    table = plan.parent / "tables" / "evaluations.parquet"
    later = Path("later.parquet")
    table.replace(later)
    publish(plan)
    before = shown()[N8]
    assert not [key for key in before.data.metrics if key.startswith("evaluate/")]
    later.replace(table)
    assert publish(plan)["appended"] == 3  # two runs, and the summary with its tables
    after = shown()[N8]
    assert after.info.run_id == before.info.run_id
    assert {f"evaluate/{name}/greedy" for name in SETS} <= after.data.metrics.keys()


@pytest.mark.parametrize("what", ["metrics", "time", "configuration", "dataset", "evaluations", "checkpoint"])
def test_rewritten_history_makes_the_run_anew(what: str) -> None:
    plan = study()
    publish(plan)
    before, place = shown(), RUNS / "baseline/seed-0"
    old_models = [model.model_id for model in models(before[BASELINE]).values()]
    if what == "metrics":
        edit_line(place / "metrics.jsonl", 1, loss=-7.0)
    elif what == "time":
        edit_line(place / "timings.jsonl", 1, time_ms=1_767_225_601_501)
    elif what == "configuration":
        config = read_json(place / "run.json")["config"]
        edit_json(place / "run.json", config=config | {"budget": {"rounds": 11}})
    elif what == "dataset":
        sets = read_json(plan)["evaluation_sets"]
        edit_json(plan, evaluation_sets=sets | {"longer": sets["longer"] | {"digest": "another"}})
    elif what == "evaluations":
        write_evaluations(plan, shift=0.01)
    else:
        manifest = read_json(place / "checkpoints.json")["checkpoints"]
        edit_json(place / "checkpoints.json", checkpoints=[manifest[0] | {"sha256": "other"}, *manifest[1:]])
    everyone = what in ("dataset", "evaluations")
    assert publish(plan)["recreated"] == (2 if everyone else 1)
    after = shown()
    assert after.keys() == before.keys()
    assert after[BASELINE].info.run_id != before[BASELINE].info.run_id
    assert (after[N8].info.run_id != before[N8].info.run_id) == everyone
    assert points() == sum(run.points for run in read_view(plan).runs)
    if what == "metrics":
        assert history(after[BASELINE], "train/loss")[2][0] == -7.0
    if what == "evaluations":
        moved = pytest.approx(accuracy("baseline", "longer", 0, 0) + 0.01)
        assert history(after[BASELINE], "evaluate/longer/greedy")[0][0] == moved
    active = {m.model_id for m in client().search_logged_models([after[BASELINE].info.experiment_id])}
    assert not active & set(old_models)
    assert publish(plan) == {"unchanged": 3}


def test_an_interrupted_import_is_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = study()
    with monkeypatch.context() as patch:
        patch.setattr(Store, "_register", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            publish(plan)
    assert shown()[BASELINE].data.tags[IMPORTED] == "null"
    assert publish(plan) == {"recreated": 1, "created": 2}
    assert points() == sum(run.points for run in read_view(plan).runs)
    assert set(models(shown()[BASELINE])) == set(CHECKPOINTS)


def test_runs_that_the_plan_or_the_disk_no_longer_has_are_deleted() -> None:
    plan = study(seeds=(0, 1))
    publish(plan)
    edit_json(plan, runs=[run for run in read_json(plan)["runs"] if run["seed"] == 0])
    assert publish(plan)["deleted"] == 2
    assert shown().keys() == {BASELINE, N8, "summary"}
    shutil.rmtree(RUNS / "rollouts")
    assert publish(plan)["deleted"] == 1
    assert shown().keys() == {BASELINE, "summary"}
    experiment = shown()[BASELINE].info.experiment_id
    assert len(client().search_logged_models([experiment])) == len(CHECKPOINTS)


def test_runs_of_others_stay() -> None:
    plan = study()
    publish(plan)
    other = client().create_run(shown()[BASELINE].info.experiment_id, run_name="by hand").info.run_id
    assert publish(plan) == {"unchanged": 3}
    assert client().get_run(other).info.lifecycle_stage == "active"


def test_a_diverged_run_is_a_finished_run_with_its_own_status() -> None:
    plan = study(diverged={("baseline", 0): 7})
    edit_line(RUNS / "baseline/seed-0/metrics.jsonl", 6, loss=math.nan, gradient_norm=math.inf)
    publish(plan)
    run = shown()[BASELINE]
    assert (run.info.status, run.data.tags["status"]) == ("FINISHED", "diverged")
    assert math.isnan(history(run, "train/loss")[7][0])
    assert math.isnan(history(run, "train/gradient_norm")[7][0])  # not the 1.8e308 that MLflow makes of infinity
    assert publish(plan) == {"unchanged": 3}


def test_the_summary_holds_tables_figures_and_report_as_they_are() -> None:
    plan = study()
    figure = plan.parent / "figures" / "forest.svg"
    figure.parent.mkdir()
    figure.write_text("<svg/>")
    publish(plan)
    run = shown()["summary"]
    folder = Path("results/mlartifacts/synthetic") / run.info.run_id / "artifacts"
    names = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    tables = {"tables/evaluations.parquet", "tables/marginal_gains.parquet", "marginal_gains.json"}
    assert names == tables | {"plan.json", "report.html", "figures/forest.svg"}
    table = read_json(folder / "marginal_gains.json")
    assert dict(zip(table["columns"], table["data"][0], strict=True))["estimate"] == 0.4
    assert json.loads(run.data.tags["mlflow.loggedArtifacts"]) == [{"path": "marginal_gains.json", "type": "table"}]

    (plan.parent / "report.html").write_text("<p>another</p>")
    figure.unlink()
    assert publish(plan) == {"appended": 1, "unchanged": 2}
    assert shown()["summary"].info.run_id == run.info.run_id
    assert (folder / "report.html").read_text() == "<p>another</p>"
    assert not (folder / "figures").exists()


def test_the_summary_has_gains_and_verdicts_and_is_made_anew_with_them() -> None:
    plan = study()
    verdicts = presented.study(variants=presented.FEW).verdicts.assign(estimate=0.05, verdict="higher")
    path = plan.parent / "tables" / "verdicts.parquet"
    verdicts.to_parquet(path)
    publish(plan)
    run, key = shown()["summary"], "gain id rounds/rollouts:n8"
    assert run.data.metrics[key] == pytest.approx(5.0)
    assert run.data.tags["rollouts/n8 id rounds"].startswith("higher, +5.0 [")
    assert publish(plan) == {"unchanged": 3}
    verdicts[verdicts["level"] != "again"].assign(estimate=0.01).to_parquet(path)
    assert publish(plan) == {"recreated": 1, "unchanged": 2}
    after = shown()["summary"]
    assert after.data.metrics[key] == pytest.approx(1.0)
    assert "gain id rounds/again" not in after.data.metrics
    path.unlink()
    assert publish(plan) == {"recreated": 1, "unchanged": 2}
    assert shown()["summary"].data.metrics == {}


def test_runs_of_several_pairs_are_named_by_them_and_end_in_the_seed() -> None:
    plan = study(models=("a", "b"), seeds=(0, 1), variants=("baseline",))
    names = {run.name for run in read_view(plan).runs}
    assert names == {f"baseline · {model} · chains · seed {seed}" for model in "ab" for seed in (0, 1)}


def test_a_new_store_shows_no_empty_experiment() -> None:
    DB.unlink()
    with open_store(URI, 60):
        pass
    assert client().search_experiments() == []
    client().restore_experiment("0")  # a user's wish
    with open_store(URI, 60):
        pass
    assert [one.name for one in client().search_experiments()] == ["Default"]


def test_the_summary_says_what_its_tables_warn_of_today() -> None:
    plan = study()
    with open_store(URI, 60) as store:
        store.publish(read_view(plan))
        assert shown()["summary"].data.tags[NOTE] == "Tables, figures and report of the study, under Artifacts."
        other = replace(read_view(plan), note="Nothing was learned. " * 1000)
        assert store.publish(other) == {"appended": 1, "unchanged": 2}
        assert store.publish(other) == {"unchanged": 3}
    assert shown()["summary"].data.tags[NOTE].startswith("Nothing was learned. Nothing was learned. ")


def test_results_can_be_moved(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = study()
    publish(plan)
    before = dump()
    (workplace / "elsewhere").mkdir()
    (workplace / "results").rename(workplace / "elsewhere" / "results")
    monkeypatch.chdir(workplace / "elsewhere")
    assert publish(plan.absolute()) == {"unchanged": 3}
    assert dump() == before
    uri = shown()["summary"].info.artifact_uri
    assert (Path("results/mlartifacts") / uri.removeprefix("mlflow-artifacts:/") / "report.html").exists()


def test_a_store_that_was_deleted_is_rebuilt(empty_store: Path) -> None:
    plan = study()
    publish(plan)
    DB.unlink()
    shutil.copyfile(empty_store, DB)
    assert publish(plan) == {"created": 3}


def test_a_store_that_cannot_be_used_is_told_and_left_alone() -> None:
    plan = study()
    before = {p: p.read_bytes() for p in Path("results/synthetic").rglob("*") if p.is_file()}
    assert "must be sqlite:///<file>" in fails("--plan", str(plan), "--store", "http://localhost")
    Path("file").write_text("")
    assert "cannot be written" in fails("--plan", str(plan), "--store", "sqlite:///file/mlflow.db")
    Path("other.db").write_bytes(b"something else entirely" * 50)
    assert "not a database" in fails("--plan", str(plan), "--store", "sqlite:///other.db")
    assert Path("other.db").read_bytes() == b"something else entirely" * 50
    publish(plan)
    store = dump()
    with closing(sqlite3.connect(DB)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        assert "database is locked" in fails("--plan", str(plan))
    with open_store(URI, 60):
        assert "another import has held" in fails("--plan", str(plan))
    assert dump() == store
    assert {p: p.read_bytes() for p in Path("results/synthetic").rglob("*") if p.is_file()} == before
