"""A stage that is forked from a server is the stage that would have been started: what it sees, gives and dies of."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from rftlab.jobs import warmstart
from rftlab.jobs.environment import SERVER
from training import run_json, write_base, write_sums

PROBE = """
import json, os, sys
first = sorted(sys.modules)
import time, signal, threading, atexit
what = sys.argv[1]
if what == "see":
    torch = sys.modules.get("torch")
    seen = dict(
        forked="transformers.modeling_utils" in first,
        ours=[name for name in first if name.startswith("rftlab.") and name != "rftlab.jobs.warmstart"],
        name=__name__, argv=sys.argv[1:], path=sys.path, folder=os.getcwd(), environment=dict(os.environ),
        stdin=sys.stdin.read(), threads=threading.active_count(), tasks=len(os.listdir("/proc/self/task")),
        handlers=[str(signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)],
        files=sorted(os.listdir("/proc/self/fd"))[:4],
    )
    atexit.register(lambda: print("at exit", file=sys.stderr))
    print(json.dumps(seen))
elif what == "exit":
    sys.exit(eval(sys.argv[2]))
elif what == "raise":
    raise ValueError("told")
elif what == "die":
    os.kill(os.getpid(), int(sys.argv[2]))
elif what == "keep":
    class Kept:
        def __del__(self, write=os.write):
            write(1, b"taken apart")
    sys.kept = Kept()
    if sys.argv[2:] == ["raise"]:
        raise ValueError("told")
    sys.exit(*map(eval, sys.argv[2:]))
elif what == "linger":
    sys.stdout.write("written, ")
    threading.Thread(target=lambda: (time.sleep(0.3), sys.stdout.write("a thread waited for"))).start()
elif what == "wait":
    def stop(number, _):
        os.write(1, f"stopped by {number}\\n".encode())  # print may be at work
        sys.exit(128 + number)
    signal.signal(signal.SIGTERM, stop)
    print(os.getpid(), flush=True)
    while True:
        time.sleep(0.05)
"""
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The folder of a server of this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTHONUNBUFFERED", raising=False)  # output is kept until the end
        patch.setenv(SERVER, "")
        warmstart.offer()
        yield os.environ[SERVER]
        end_server()


def end_server() -> None:
    warmstart._server.stdin.close()
    assert warmstart._server.wait(60) == 0


@pytest.fixture
def start(server: str, tmp_path: Path) -> Start:
    """Start ``probe`` through ``rftlab.jobs.warmstart``."""
    (tmp_path / "probe.py").write_text(PROBE)
    (tmp_path / "here").mkdir()

    def started(
        *arguments: str,
        launcher: tuple[str, ...] = ("rftlab.jobs.warmstart", "probe"),
        output: Any = subprocess.PIPE,
        **environment: str,
    ) -> Any:
        path = os.pathsep.join([str(tmp_path), str(Path(warmstart.__file__).parents[2])])
        return subprocess.Popen(
            [sys.executable, "-m", *launcher, *arguments],
            cwd=tmp_path / "here",
            env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", SERVER: server, **environment},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
        )

    return started


def test_it_sees_what_a_started_process_sees(start: Start) -> None:
    seen = {}
    for kind, launcher in (("forked", ("rftlab.jobs.warmstart", "probe")), ("started", ("probe",))):
        process = start("see", "a b", "{é}", launcher=launcher, SAID="to it")
        output, errors = process.communicate("some input")
        assert (process.returncode, errors) == (0, "at exit\n")
        seen[kind] = json.loads(output)
    assert seen["forked"].pop("forked")
    assert not seen["started"].pop("forked")
    assert seen["forked"] == seen["started"]
    assert seen["forked"]["ours"] == []
    assert seen["forked"]["tasks"] == 1
    assert seen["forked"]["stdin"] == "some input"


def test_what_it_has_begun_is_finished(start: Start) -> None:
    assert start("linger").communicate() == ("written, a thread waited for", "")


def test_what_it_shares_with_the_server_is_not_taken_apart(start: Start) -> None:
    assert start("keep").communicate() == ("", "")
    assert start("keep", launcher=("probe",)).communicate() == ("taken apart", "")


@pytest.mark.parametrize(
    ("ending", "code", "line"), [("7", 7, ""), ("'told'", 1, "told"), ("raise", 1, "ValueError: told")]
)
def test_nor_where_it_ends_with_an_error(start: Start, ending: str, code: int, line: str) -> None:
    """Its libraries' threads were left behind at the fork: who waits for them may wait for ever."""
    process = start("keep", ending)
    output, errors = process.communicate()
    assert (output, process.returncode) == ("", code)
    assert errors.strip().rpartition("\n")[2] == line


def test_output_that_cannot_be_written_is_an_error(start: Start) -> None:
    codes = []
    for launcher in (("rftlab.jobs.warmstart", "probe"), ("probe",)):
        with Path("/dev/full").open("w") as full:
            process = start("linger", launcher=launcher, output=full)
            codes.append((process.wait(), "No space left on device" in process.communicate()[1]))
    assert codes == [(120, True)] * 2


@pytest.mark.parametrize(
    "arguments",
    [("exit", "0"), ("exit", "3"), ("exit", "None"), ("exit", "'a reason'"), ("raise",), ("die", "9"), ("die", "11")],
)
def test_it_ends_as_a_started_process_ends(start: Start, arguments: tuple[str, ...]) -> None:
    codes, errors = set(), []
    for launcher in (("rftlab.jobs.warmstart", "probe"), ("probe",)):
        process = start(*arguments, launcher=launcher)
        errors.append(process.communicate()[1].splitlines()[-1:])
        codes.add(process.returncode)
    assert len(codes) == 1, codes
    assert errors[0] == errors[1]


def test_signals_are_passed_on(start: Start) -> None:
    process = start("wait")
    stage = int(process.stdout.readline())
    assert stage != process.pid
    process.send_signal(signal.SIGTERM)
    assert process.communicate()[0] == f"stopped by {signal.SIGTERM.value}\n"
    assert process.returncode == 128 + signal.SIGTERM


def test_a_signal_waits_until_there_is_a_stage_to_be_told(start: Start, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"{tmp_path}/socket")
        listening.listen()
        process = start("wait", **{SERVER: str(tmp_path)})
        connection, _ = listening.accept()
        (length,) = warmstart.LENGTH.unpack(connection.recv(warmstart.LENGTH.size))
        connection.recv(length, socket.MSG_WAITALL)  # it has asked, and waits for the fork
        process.send_signal(signal.SIGTERM)
        connection.sendall(warmstart.FORKED)
        assert connection.recv(1) == bytes([signal.SIGTERM])
        connection.sendall(b"143")
        assert process.communicate() == ("", "")
        assert process.returncode == 143


def test_it_dies_with_the_process_that_asked(start: Start) -> None:
    process = start("wait")
    stage = psutil.Process(int(process.stdout.readline()))
    process.kill()
    gone, _ = psutil.wait_procs([stage], timeout=60)
    assert gone == [stage]
    process.communicate()


def test_a_keeper_that_is_killed_is_told(start: Start) -> None:
    process = start("wait")
    stage = psutil.Process(int(process.stdout.readline()))
    stage.parent().kill()
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (1, "probe: the process that waited for it has been killed\n")
    assert psutil.wait_procs([stage], timeout=60)[0] == [stage]


@pytest.mark.parametrize(
    "environment",
    [{"HF_HOME": "/elsewhere"}, {"PYTHONHASHSEED": "1"}, {SERVER: ""}, {SERVER: "/nowhere"}],
)
def test_without_a_server_that_fits_it_is_started(start: Start, environment: dict[str, str]) -> None:
    output, _ = start("see", **environment).communicate("")
    seen = json.loads(output)
    assert not seen["forked"]
    assert seen["environment"].items() >= environment.items()
    assert (seen["name"], seen["argv"]) == ("__main__", ["see"])


def test_ctrl_c_while_it_imports_is_a_line(start: Start, tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text("import time\nprint(flush=True)\ntime.sleep(600)")
    process = start(launcher=("rftlab.jobs.warmstart", "slow"), **{SERVER: ""})
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60) == ("", "stopped by SIGINT\n")
    assert process.returncode == 130


def test_a_training_gives_the_same_bytes(start: Start, tmp_path: Path) -> None:
    write_base(tmp_path / "base")
    write_sums(tmp_path / "train.jsonl")
    config = json.dumps(run_json(reward__name="random"))
    for name, launcher in (
        ("forked", ("rftlab.jobs.warmstart", "rftlab.training.train")),
        ("started", ("rftlab.training.train",)),
    ):
        arguments = ["--config", config, "--model", str(tmp_path / "base"), "--data", str(tmp_path / "train.jsonl")]
        process = start(*arguments, "--folder", str(tmp_path / name), "--code", "c", launcher=launcher)
        _, errors = process.communicate()
        assert process.returncode == 0, errors
    weights = sorted(path.relative_to(tmp_path / "forked") for path in (tmp_path / "forked").rglob("*.safetensors"))
    assert weights
    for file in (*weights, "metrics.jsonl", "run.json", "checkpoints.json"):
        assert (tmp_path / "forked" / file).read_bytes() == (tmp_path / "started" / file).read_bytes()


@pytest.mark.parametrize("reason", ["gpu", "path"])
def test_none_is_offered(reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if reason == "gpu":
        monkeypatch.setattr(warmstart, "DRIVERS", (str(tmp_path),))
    else:
        (long := tmp_path / ("x" * 100)).mkdir()
        monkeypatch.setattr("tempfile.tempdir", str(long))
    monkeypatch.setattr(warmstart, "_server", None)
    monkeypatch.delenv(SERVER, raising=False)
    warmstart.offer()
    assert (warmstart._server, os.environ.get(SERVER)) == (None, None)
    assert [*tmp_path.rglob("rftlab-*")] == []


def test_a_server_ends_with_its_process(monkeypatch: pytest.MonkeyPatch) -> None:
    script = "import os, sys; from rftlab.jobs import warmstart; warmstart.offer(); "
    script += "print(os.environ['RFTLAB_WARMSTART'], warmstart._server.pid, flush=True); sys.stdin.read()"
    process = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    folder, pid = process.stdout.readline().split()
    server = psutil.Process(int(pid))
    assert Path(folder).stat().st_mode & 0o777 == 0o700
    process.kill()
    process.communicate()
    gone, _ = psutil.wait_procs([server], timeout=60)
    assert gone == [server]
    until = time.monotonic() + 60
    while Path(folder).exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert not Path(folder).exists()
