"""Files → MLflow: what is shown, and that importing again changes nothing but what the files changed."""

from __future__ import annotations

import json
import math
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from sqlalchemy import Engine, event

import rftlab
from rftlab.runlog import read_json, write_json
from rftlab.track import __main__ as stage
from rftlab.track import store as store_module
from rftlab.track.store import IMPORTED, KEY, Store, opened
from rftlab.track.ui import SERVER_ENVIRONMENT, chart_urls, ui_command
from rftlab.track.view import IDENTITY, read_study
from synthetic import CHECKPOINTS, ROUNDS, accuracy, write_study

URI = "sqlite:///results/mlflow.db"
DB = Path("results/mlflow.db")
VARIANTS = ("baseline", "rollouts/n8")
RUNS = Path("results/synthetic/runs/tiny-qwen2/chains")
BASELINE = "tiny-qwen2/chains/baseline/seed-0"
N8 = "tiny-qwen2/chains/rollouts/n8/seed-0"
ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(rftlab.__file__).parents[1])}
SETS = ("chains_validation", "chains_test", "longer", "words_test")


@event.listens_for(Engine, "connect")
def do_not_wait_for_the_disk(connection: sqlite3.Connection, _: object) -> None:
    connection.execute("PRAGMA synchronous = OFF")


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrations take seconds: run once, copied by every test."""
    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    with opened(f"sqlite:///{path}", 60):
        return path


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    DB.parent.mkdir()
    shutil.copyfile(empty_store, DB)
    return tmp_path


def study(**options: Any) -> Path:
    """A study of two runs (baseline and n8), with its tables."""
    plan = write_study(Path(), **({"variants": VARIANTS, "seeds": (0,)} | options))
    write_evaluations(plan)
    gains = {"model": "tiny-qwen2", "factor": "rollouts", "level": "n8", "estimate": 0.4, "low": 0.3, "high": 0.5}
    pd.DataFrame([gains]).to_parquet(plan.parent / "tables" / "marginal_gains.parquet")
    (plan.parent / "report.html").write_text("<p>report</p>")
    return plan


def write_evaluations(plan: Path, shift: float = 0.0) -> None:
    rows = [
        {key: run[key] for key in ("model", "dataset", "variant", "seed")}
        | {"round": r, "evaluation_set": name, "metric": metric, "value": accuracy(run["variant"], name, r, 0) + shift}
        for run in read_json(plan)["runs"]
        for sets in run["suites"].values()
        for name in sets
        for r in (0, *CHECKPOINTS)
        for metric in ("greedy", "pass@4")
    ]
    (plan.parent / "tables").mkdir(exist_ok=True)
    pd.DataFrame(rows).to_parquet(plan.parent / "tables" / "evaluations.parquet")


def publish(plan: Path) -> Counter[str]:
    with opened(URI, 60) as store:
        return store.publish(read_study(plan))


def client() -> MlflowClient:
    uri = f"sqlite:///{DB.absolute()}"
    return MlflowClient(uri, uri)


def shown(name: str = "synthetic") -> dict[str, Run]:
    """What a user sees: the active runs of the experiment, by key."""
    experiment = client().get_experiment_by_name(name)
    runs = client().search_runs([experiment.experiment_id])
    assert len({run.data.tags[KEY] for run in runs}) == len(runs)
    return {run.data.tags[KEY]: run for run in runs}


def history(run: Run, key: str) -> dict[int, tuple[float, int]]:
    points = client().get_metric_history(run.info.run_id, key)
    assert len({p.step for p in points}) == len(points), f"{key} has two points at one step"
    return {p.step: (p.value, p.timestamp) for p in points}


def models(run: Run) -> dict[int, Any]:
    return {one.step: client().get_logged_model(one.model_id) for one in run.outputs.model_outputs}


def dump() -> list[str]:
    """Everything in the store, byte for byte."""
    with closing(sqlite3.connect(DB)) as connection:
        return list(connection.iterdump())


def points() -> int:
    with closing(sqlite3.connect(DB)) as connection:
        query = "SELECT COUNT(*) FROM metrics JOIN runs USING (run_uuid) WHERE lifecycle_stage = 'active'"
        count: int = connection.execute(query).fetchone()[0]
        return count


def edit_json(path: Path, **changes: Any) -> None:
    write_json(path, read_json(path) | changes)


def edit_line(path: Path, index: int, **changes: Any) -> None:
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[index] |= changes
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def finish(run: str) -> None:
    """Publish a run the way training does: the logs move from its state directory, the manifest comes last."""
    place = Path("results/synthetic/runs") / run
    for name in ("run.json", "metrics.jsonl", "timings.jsonl"):
        (place / ".state" / name).replace(place / name)
    write_json(place / "provenance.json", {"commit": "abc", "code": "123"})
    write_json(place / "checkpoints.json", {"status": "finished", "checkpoints": []})


def test_a_run_is_shown_with_curves_params_inputs_and_checkpoints() -> None:
    plan = study()
    assert publish(plan) == {"created": 3}
    run = shown()[N8]
    assert run.info.run_name == "rollouts/n8 · chains · tiny-qwen2 · seed 0"
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


def test_every_run_has_every_grouping_parameter() -> None:
    publish(study(variants=("baseline", "again", "rollouts/n8"), seeds=(0, 1)))
    runs = {key: run for key, run in shown().items() if key != "summary"}
    assert len(runs) == 6
    for run in runs.values():
        assert all(run.data.params[name] and run.data.tags[name] for name in IDENTITY)
    assert {run.data.params["level"] for run in runs.values()} == {"baseline", "again", "n8"}


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
    monkeypatch.setattr(store_module, "POINTS_PER_CALL", 7)
    publish(plan)
    assert points() == sum(run.points for run in read_study(plan).runs)


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
    assert points() == sum(run.points for run in read_study(plan).runs)
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
    assert points() == sum(run.points for run in read_study(plan).runs)
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


def test_two_processes_on_a_fresh_store() -> None:
    plan = study(seeds=(0, 1))
    DB.unlink()
    command = [sys.executable, "-m", "rftlab.track", "--plan", str(plan), "--store", URI, "--done"]
    options: dict[str, Any] = {"stderr": subprocess.PIPE, "text": True, "env": ENVIRONMENT}
    both = [subprocess.Popen([*command, f"{i}.json"], **options) for i in (0, 1)]
    assert [(one.communicate()[1], one.returncode) for one in both] == [("", 0), ("", 0)]
    assert len(shown()) == 5
    assert points() == sum(run.points for run in read_study(plan).runs)
    assert Path("0.json").read_bytes() == Path("1.json").read_bytes()
    assert read_json(Path("0.json"))["runs"] == 4


def fails(*arguments: str) -> str:
    """The one line a user sees."""
    with pytest.raises(SystemExit) as stop:
        stage.main([*arguments, "--wait", "0.2"])
    assert isinstance(stop.value.code, str)  # printed on stderr, exit code 1
    assert "\n" not in stop.value.code
    return stop.value.code


def test_a_bad_plan_is_told_in_one_line() -> None:
    assert "no such file" in fails("--plan", "results/none/plan.json")
    Path("plan.json").write_text("study: demo")
    assert "plan.json: not JSON" in fails("--plan", "plan.json")
    Path("plan.json").write_text("{}")
    assert "not a study's plan" in fails("--plan", "plan.json")


@pytest.mark.parametrize(("line", "reason"), [("{]", "not a JSON object"), ('{"round": 2}', "follows round")])
def test_a_bad_log_is_told_by_file_and_line(line: str, reason: str) -> None:
    plan = study()
    with (RUNS / "baseline/seed-0/metrics.jsonl").open("a") as log:
        log.write(line + "\n")
    assert f"metrics.jsonl:{ROUNDS + 1}: " in (message := fails("--plan", str(plan)))
    assert reason in message


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
    with opened(URI, 60):
        assert "another import has held" in fails("--plan", str(plan))
    assert dump() == store
    assert {p: p.read_bytes() for p in Path("results/synthetic").rglob("*") if p.is_file()} == before


def test_the_completion_file_depends_on_the_files_alone(capsys: pytest.CaptureFixture[str]) -> None:
    plan = study()
    for name in ("one.json", "two.json"):
        stage.main(["--plan", str(plan), "--store", URI, "--done", name])
    assert Path("one.json").read_bytes() == Path("two.json").read_bytes()
    done = read_json(Path("one.json"))
    assert (done["runs"], done["checkpoints"], done["artifacts"]) == (2, 4, 4)
    assert done["points"] == points()
    assert capsys.readouterr().out.count("\n") == 1  # the second import had nothing to say
    edit_line(RUNS / "baseline/seed-0/metrics.jsonl", 1, loss=-7.0)
    stage.main(["--plan", str(plan), "--store", URI, "--done", "three.json"])
    assert read_json(Path("three.json"))["digest"] != done["digest"]


def test_no_completion_file_while_a_run_is_under_way() -> None:
    plan = study(unfinished=[("baseline", 0)])
    assert "1 of 2 runs have not finished" in fails("--plan", str(plan), "--store", URI, "--done", "done.json")
    assert not Path("done.json").exists()


def test_follow_imports_until_all_runs_have_finished() -> None:
    plan = study(unfinished=[("baseline", 0)])
    following = threading.Thread(target=stage.follow, args=(plan, URI, 60.0, 0.05), daemon=True)
    following.start()
    deadline = time.monotonic() + 20
    while not (points() and BASELINE in shown()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert following.is_alive()
    finish(BASELINE)
    following.join(30)
    assert not following.is_alive()
    assert shown()[BASELINE].info.status == "FINISHED"


def test_follow_ends_cleanly_on_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = study(unfinished=[("baseline", 0)])

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(stage.time, "sleep", interrupt)
    with pytest.raises(SystemExit) as stop:
        stage.main(["--plan", str(plan), "--store", URI, "--follow"])
    assert stop.value.code == 0
    assert publish(plan) == {"unchanged": 3}


def test_the_ui_command_stays_on_this_machine() -> None:
    publish(study())
    command = ui_command(URI, 5001)
    assert command[1:4] == ["-m", "mlflow", "server"]
    options = dict(zip(command[4::2], command[5::2], strict=True))
    assert (options["--host"], options["--port"], options["--workers"]) == ("127.0.0.1", "5001", "1")
    assert options["--artifacts-destination"] == "results/mlartifacts"
    assert SERVER_ENVIRONMENT["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"
    assert list(chart_urls(URI, 5001)) == ["synthetic"]
    assert "no such store" in fails("--serve", "--store", "sqlite:///none.db")
    assert not Path("none.db").exists()


def test_reading_a_study_imports_no_mlflow() -> None:
    code = "import sys, rftlab.track.__main__; sys.exit('mlflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, env=ENVIRONMENT).returncode == 0
