"""A run under way: what is saved of it, who may go on with it, and how it is stopped."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from typing import Any

import pytest

import rftlab.training.train
from rftlab import levels
from rftlab.errors import BadInputError
from rftlab.files import file_sha256
from rftlab.jobs.interrupt import StoppedError
from rftlab.runfolder.log import RUN_FILES
from rftlab.training import resume
from rftlab.training.resume import RunState, StateConfig
from rftlab.training.train import main, train
from saved_runs import RUN, same
from training import json_lines, run_json

KEY = {"code": "c", "configuration": "1"}


def test_a_run_goes_on_where_it_was(cut, base, data, reference, capsys) -> None:
    folder = cut(5)
    assert {p.name for p in (folder / ".state").glob("round-*")} == {"round-0000003", "round-0000004"}
    train(RUN, base, data, folder, code="c")
    assert "goes on after round 4" in capsys.readouterr().out
    same(folder, reference)
    assert json.loads((folder / "provenance.json").read_text())["processes"] == 2


OUTCOME = {"name": "outcome", "correct": 1.0, "incorrect": 0.0, "probability": 0.3}
TERMS = {
    name: {"weight": 0.5, **levels.read("rewards.terms", name).parameters}
    for name in levels.names("rewards.terms")
    if name != "outcome"
}
OWN = """def reward(records, *, scale=1.0):
    return {"brevity": [scale / r["tokens"] for r in records], "form": [r["completion"].count("#") for r in records]}
"""


def of_reward(reward: dict[str, Any]) -> dict[str, Any]:
    """Three rounds of four queries with two rollouts each."""
    rollout = {**run_json()["config"]["rollout"], "queries": 4, "rollouts": 2, "max_new_tokens": 3}
    run = run_json(budget={"rounds": 3}, checkpoint_every=3, diagnostics__kl_every=0, rollout=rollout)
    run["config"]["reward"] = reward
    return run


@pytest.mark.parametrize("name", [*TERMS, "file", "mask"])
def test_every_reward_runs_and_goes_on_where_it_was(cut, base, data, tmp_path, name) -> None:
    run = of_reward({**OUTCOME, "terms": {name: TERMS[name]}} if name in TERMS else OUTCOME)
    if name == "file":
        (tmp_path / "my.py").write_text(OWN)
        own = {"file": str(tmp_path / "my.py"), "sha256": file_sha256(tmp_path / "my.py"), "parameters": {"scale": 0.5}}
        run = of_reward(own)
    if name == "mask":
        run["config"]["objective"]["mask"] = {"name": "truncated", "share_out": True}
    train(run, base, data, tmp_path / "reference", code="c")
    folder = cut(3, run)
    train(run, base, data, folder, code="c")
    same(folder, tmp_path / "reference")
    assert 0 < json_lines(folder / "metrics.jsonl")[0]["truncation_rate"] < 1
    parts = {"mask": [], "file": ["brevity", "form"]}.get(name, ["outcome", name])
    for row in json_lines(folder / "metrics.jsonl"):
        values = {key: value for key, value in row.items() if key.startswith("reward_of_")}
        assert [*values] == [f"reward_of_{part}" for part in parts]
        assert not parts or row["reward_mean"] == pytest.approx(sum(values.values()), abs=1e-12)
        assert row.get("reward_failures") == (0 if name == "file" else None)


STUCK = """import os, pathlib, signal, time

def reward(records, *, calls=""):
    log = pathlib.Path(calls)
    log.write_text(log.read_text() + "." if log.exists() else ".")
    if log.read_text() == "...":
        os.kill(os.getppid(), signal.SIGTERM)
        time.sleep(600)
    return [1.0 / r["tokens"] for r in records]
"""


def test_a_signal_does_not_wait_for_a_reward_that_hangs(base, data, tmp_path) -> None:
    path = tmp_path / "my.py"
    path.write_text(STUCK)

    (tmp_path / "calls").write_text("")
    own = {"file": str(path), "sha256": file_sha256(path), "parameters": {"calls": str(tmp_path / "calls")}}
    stopped = of_reward(own)
    with pytest.raises(StoppedError, match="stopped by SIGTERM: the state after round 2 is saved"):
        train(stopped, base, data, tmp_path / "run", code="c")
    train(stopped, base, data, tmp_path / "run", code="c")
    assert (tmp_path / "calls").read_text() == "...."
    (tmp_path / "calls").write_text("....")  # the third call has been made
    train(stopped, base, data, tmp_path / "reference", code="c")
    same(tmp_path / "run", tmp_path / "reference")


def test_a_reward_that_is_wrong_stops_the_run_with_one_line(base, data, tmp_path) -> None:
    path = tmp_path / "my.py"
    path.write_text("def reward(records):\n    return [float('inf')] * len(records)\n")
    run = of_reward({"file": str(path), "sha256": file_sha256(path), "parameters": {}})
    options = {"config": json.dumps(run), "model": base, "data": data, "folder": tmp_path / "run", "code": "c"}
    with pytest.raises(SystemExit) as stopped:
        main([text for name, value in options.items() for text in (f"--{name}", str(value))])
    assert str(stopped.value).startswith(f"{path}: reward() returns inf: finite numbers are needed")
    assert not any((tmp_path / "run" / name).exists() for name in RUN_FILES)


def test_whoever_is_paid_judgements_are_the_same(base, data, tmp_path) -> None:
    first = {}
    for name in ("outcome", "format", "random", "label_noise"):
        train(of_reward({**OUTCOME, "name": name, "probability": 1.0}), base, data, tmp_path / name, code="c")
        first[name], *_ = json_lines(tmp_path / name / "metrics.jsonl")
    paid = {name: row["reward_mean"] for name, row in first.items()}
    accuracy, form = (first["outcome"][key] for key in ("accuracy", "format_rate"))
    assert 0 < accuracy < 1
    assert all((row["accuracy"], row["format_rate"]) == (accuracy, form) for row in first.values())
    assert paid == {"outcome": accuracy, "format": form, "random": 1.0, "label_noise": 1 - accuracy}


@pytest.mark.parametrize("name", ["policy.safetensors", "optimizer.safetensors", "memory.json"])
@pytest.mark.parametrize("how", ["a byte", "half", "gone"])
def test_a_broken_state_falls_back_to_the_one_before(cut, base, data, reference, capsys, name, how) -> None:
    folder = cut(6)
    path = folder / ".state" / "round-0000005" / name
    content = path.read_bytes()
    middle = len(content) // 2
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes(
            content[:middle] + (bytes([content[middle] ^ 1]) + content[middle + 1 :] if how == "a byte" else b"")
        )
    train(RUN, base, data, folder, code="c")
    printed = capsys.readouterr()
    assert "round-0000005 is not whole" in printed.err
    assert "goes on after round 4" in printed.out
    same(folder, reference)


def test_never_a_silent_fresh_start(cut, base, data) -> None:
    folder = cut(5)
    for path in (folder / ".state").glob("round-*/policy.safetensors"):
        path.write_bytes(b"")
    with pytest.raises(BadInputError, match=r"no saved state is whole.*remove the folder to train"):
        train(RUN, base, data, folder, code="c")
    assert not any((folder / name).exists() for name in RUN_FILES)


@pytest.mark.parametrize(("change", "named"), [({"code": "d"}, "code"), ({"run": {"study": "other"}}, "configuration")])
def test_the_state_of_another_run_is_removed_with_a_line(cut, base, data, reference, capsys, change, named) -> None:
    folder = cut(5)
    train(RUN | change.get("run", {}), base, data, folder, code=change.get("code", "c"))
    printed = capsys.readouterr().out
    assert f"the state there is of another run (other {named}): removed" in printed
    assert "goes on" not in printed
    assert (folder / "metrics.jsonl").read_bytes() == (reference / "metrics.jsonl").read_bytes()


# locks ---------------------------------------------------------------------------------------------------------------


def test_a_second_process_stops_with_the_first_ones_host_and_pid(base, data, tmp_path) -> None:
    config = StateConfig(wait_seconds=0.1)
    with RunState(tmp_path / "run", KEY, config):
        pid = os.fork()
        if not pid:  # a lock is a process's own: this needs another
            try:
                with RunState(tmp_path / "run", KEY, config):
                    os._exit(0)
            except BadInputError as error:
                (tmp_path / "said").write_text(str(error))
                os._exit(3)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 3
    said = (tmp_path / "said").read_text()
    assert f"pid {os.getpid()} on {os.uname().nodename} trains this run" in said
    with RunState(tmp_path / "run", KEY, config) as state:  # and afterwards it is free
        assert not state.waited


def test_who_has_waited_for_the_same_run_takes_what_it_published(base, data, reference, tmp_path, monkeypatch) -> None:
    folder = tmp_path / "run"
    shutil.copytree(reference, folder)
    state = RunState(folder, json.loads((folder / "provenance.json").read_text())["key"], StateConfig())
    assert not state.published_by_another
    state.waited = True
    assert state.published_by_another
    state.key = KEY
    assert not state.published_by_another


# stopping ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("moment", ["score", "step"])
def test_a_signal_saves_and_stops(base, data, reference, tmp_path, monkeypatch, number, moment) -> None:
    """Before the optimizer's step the round is given up, from it on the round is ended first."""
    import torch

    def stop_in_round_three(owner: type, name: str) -> None:
        def wrapped(*args, **kwargs):
            calls.append(name)
            if len(calls) == 3:
                os.kill(os.getpid(), number)
            return original(*args, **kwargs)

        calls: list[str] = []
        original = getattr(owner, name)
        patched.setattr(owner, name, wrapped)

    folder = tmp_path / "run"
    with monkeypatch.context() as patched:
        stop_in_round_three(
            *{"score": (rftlab.training.train.Training, "score"), "step": (torch.optim.AdamW, "step")}[moment]
        )
        if moment == "step":  # the hook that holds signals runs inside
            patched.setattr(torch.optim.AdamW, "step", torch.optim.Optimizer.profile_hook_step(torch.optim.AdamW.step))
        with pytest.raises(StoppedError) as stopped:
            train(RUN, base, data, folder, code="c")
    done = 2 if moment == "score" else 3
    assert stopped.value.code == 128 + number
    name = signal.Signals(number).name
    expected = f"stopped by {name}: the state after round {done} is saved; the same command goes on from there"
    assert str(stopped.value) == expected
    assert len(json_lines(folder / ".state" / "metrics.jsonl")) == done
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    train(RUN, base, data, folder, code="c")
    same(folder, reference)


def test_without_time_to_save_the_last_saved_state_stays(base, data, reference, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("RFTLAB_STATE", '{"grace_seconds": 0}')

    def score(self, *args):
        if self.round == 3:
            os.kill(os.getpid(), signal.SIGTERM)
        return original(self, *args)

    original = rftlab.training.train.Training.score
    with monkeypatch.context() as patched:
        patched.setattr(rftlab.training.train.Training, "score", score)
        with pytest.raises(
            StoppedError, match=r"the state after round 2 is kept: saving would take .* s of a grace of 0 s"
        ):
            train(RUN, base, data, tmp_path / "run", code="c")
    train(RUN, base, data, tmp_path / "run", code="c")
    same(tmp_path / "run", reference)


def test_before_the_first_save_its_time_is_estimated_from_the_size(base, tmp_path) -> None:
    class Policy:
        @staticmethod
        def parameters():
            import torch

            return [torch.empty(10**9, device="meta")]  # 4 GB of weights, 12 GB of state

    with RunState(tmp_path / "run", KEY, StateConfig()) as state:
        assert "nothing is kept: saving would take 48 s" in state.save_in_time({"round": 1}, {"policy": Policy()}, None)


def test_the_stage_says_it_and_exits(base, data, tmp_path, monkeypatch, capsys) -> None:
    def score(self, *args):
        raise StoppedError("stopped by SIGTERM", 143)

    monkeypatch.setattr(rftlab.training.train.Training, "score", score)
    options = ["--config", json.dumps(RUN), "--model", str(base), "--data", str(data), "--code", "c"]
    with pytest.raises(SystemExit) as exit_:
        main([*options, "--folder", str(tmp_path / "run")])
    assert exit_.value.code == 143
    assert f"{tmp_path / 'run'}: stopped by SIGTERM: the state after round 0 is saved" in capsys.readouterr().err


def test_a_training_ends_with_the_snakemake_that_started_it(base, data, reference, tmp_path, monkeypatch) -> None:
    snakemake = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    monkeypatch.setenv("RFTLAB_SUPERVISOR", f"{os.uname().nodename}:{snakemake.pid}")

    def score(self, *args):
        if self.round == 2:
            snakemake.kill()
            time.sleep(0.2)  # a zombie from here on
        return original(self, *args)

    original = rftlab.training.train.Training.score
    with monkeypatch.context() as patched:
        patched.setattr(rftlab.training.train.Training, "score", score)
        with pytest.raises(StoppedError, match=f"Snakemake, pid {snakemake.pid}, is gone: the state after round 3 is"):
            train(RUN, base, data, tmp_path / "run", code="c")
    snakemake.communicate()
    train(RUN, base, data, tmp_path / "run", code="c")  # gone before it began: nobody to watch
    same(tmp_path / "run", reference)


# a full disk ---------------------------------------------------------------------------------------------------------


def test_a_full_disk_stops_with_a_line_and_the_run_goes_on_after_space_was_made(tmp_path, repository) -> None:
    allowed = subprocess.run(
        ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False
    )
    if allowed.returncode:
        pytest.skip("mounting a small file system needs root")
    command = [
        "unshare",
        "--mount",
        sys.executable,
        str(repository / "tests" / "helpers" / "full_disk.py"),
        str(tmp_path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    *failures, last = found["ended"]
    assert last == ""
    assert len(failures) >= 5  # at different writes: logs, checkpoints, states
    for line in failures:
        assert line.endswith(
            "No space left on device: no half-written file was left; make room, then run the same again"
        )
        assert "\n" not in line
    assert found["same"]
    assert found["left"] == sorted([*RUN_FILES, "checkpoints"])
    assert "goes on after round 1" in done.stdout


def test_a_file_that_may_not_grow_is_a_full_disk_too(base, data, tmp_path) -> None:
    script = """
import resource, sys
import rftlab.training.train
from rftlab.training.saved_state import write_state
def limited(*args):
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
    write_state(*args)
rftlab.training.resume.write_state = limited
rftlab.training.train.main(sys.argv[1:])
"""
    options = [
        "--config",
        json.dumps(RUN),
        "--model",
        base,
        "--data",
        data,
        "--folder",
        tmp_path / "run",
        "--code",
        "c",
    ]
    done = subprocess.run([sys.executable, "-c", script, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(f"{tmp_path / 'run'}")
    assert "File too large: no half-written file was left" in done.stderr.splitlines()[-1]
    assert not [*(tmp_path / "run" / ".state").glob("*round*")]


def test_defaults_are_those_of_the_schema() -> None:
    from rftlab.study.schema import State

    assert State().model_dump() == {name: getattr(StateConfig(), name) for name in State.model_fields}
    assert resume.SAVED_STATES == 2
