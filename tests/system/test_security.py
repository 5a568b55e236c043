"""What nobody else may do with a study: run code by a checkpoint, read an environment, reach a server.

Names that leave the results folder: tests/system/test_hostile.py. HTML in the report, in a browser:
tests/views/test_report.py.
"""

from __future__ import annotations

import ast
import json
import os
import pickle
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

import rftlab
from rftlab.errors import BadInputError
from rftlab.policies.directory import PolicyDirectory
from rftlab.study.check_models import check_directory
from rftlab.study.sources import DirectoryModel
from rftlab.training.train import train
from rftlab.views.track.store import open_store
from training import run_json, write_base, write_sums

SOURCE = Path(rftlab.__file__).parent
MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
CALLS = {"eval", "exec", "__import__", "torch.load", "torch.save", "os.system", "os.popen", "yaml.unsafe_load"}
CALLS |= {"pandas.read_pickle", "pd.read_pickle", "yaml.full_load", "yaml.unsafe_load_all"}
KEYWORDS = {"trust_remote_code", "allow_pickle", "shell", "weights_only"}  # only ever what is safe
SAFE = {"weights_only": True}


def unsafe(tree: ast.AST) -> list[str]:
    """What a module does that could run what a file says."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.split(".")[0] in MODULES]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in MODULES:
            found.append(str(node.module))
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            found += [called] if called in CALLS or called.endswith(".to_pickle") else []
            for keyword in node.keywords:
                value = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
                if keyword.arg in KEYWORDS and value is not SAFE.get(str(keyword.arg), False):
                    found.append(f"{called}({ast.unparse(keyword)})")
    return found


def test_no_code_unpickles_or_runs_what_a_file_says(repository: Path) -> None:
    files = [*SOURCE.rglob("*.py"), *(repository / "workflow").rglob("*.py")]
    assert len(files) > 50
    found = {path.name: bad for path in files if (bad := unsafe(ast.parse(path.read_text(encoding="utf-8"))))}
    assert found == {"file_worker.py": ["exec"]}  # the reward of one's own that a study names, in a process of its own


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from joblib import load",
        "torch.load(f)",
        "eval(x)",
        "AutoModel.from_pretrained(p, trust_remote_code=True)",
        "AutoModel.from_pretrained(p, trust_remote_code=chosen)",
        "np.load(f, allow_pickle=True)",
        "subprocess.run(x, shell=True)",
        "frame.to_pickle(f)",
    ],
)
def test_that_search_finds_it(line: str) -> None:
    assert unsafe(ast.parse(line))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_base(tmp_path_factory.mktemp("base") / "model")


class Bomb:
    """Unpickled, it writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin"])
@pytest.mark.parametrize("form", ["pickle", "torch"])
def test_a_pickled_checkpoint_is_refused_and_never_loaded(name: str, form: str, base: Path, tmp_path: Path) -> None:
    folder, marker = tmp_path / "model", tmp_path / "ran"
    shutil.copytree(base, folder)
    (folder / "model.safetensors").unlink()
    if form == "pickle":
        (folder / name).write_bytes(pickle.dumps(Bomb(marker)))
    else:
        torch.save({"weight": Bomb(marker)}, folder / name)
    with pytest.raises(BadInputError, match="safetensors"):
        check_directory("models.own", DirectoryModel(source="directory", path=str(folder)), chat=False)
    with pytest.raises((BadInputError, Exception), match=r"safetensors|[Hh]eader"):
        PolicyDirectory(folder).model()
    assert not marker.exists()
    pickle.loads(pickle.dumps(Bomb(marker)))  # the bomb is one
    assert marker.exists()


def test_code_beside_a_checkpoint_does_not_run(base: Path, tmp_path: Path) -> None:
    folder, marker = tmp_path / "model", tmp_path / "ran"
    shutil.copytree(base, folder)
    (folder / "own.py").write_text(f"open({str(marker)!r}, 'w')\nclass Own: pass\n")
    config = json.loads((folder / "config.json").read_text())
    auto = {"AutoConfig": "own.Own", "AutoModelForCausalLM": "own.Own", "AutoTokenizer": ["own.Own", "own.Own"]}
    (folder / "config.json").write_text(json.dumps(config | {"auto_map": auto}))
    PolicyDirectory(folder).model()  # as its model_type says, by transformers' own code
    PolicyDirectory(folder).tokenizer()
    (folder / "config.json").write_text(json.dumps(config | {"auto_map": auto, "model_type": "own"}))
    script = f"import pathlib, rftlab.models as m; m.PolicyDirectory(pathlib.Path({str(folder)!r})).model()"
    environment = os.environ | {"PYTHONPATH": str(SOURCE.parent)}
    done = subprocess.run(
        [sys.executable, "-c", script], input="y\n", capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode != 0
    assert not marker.exists()


def test_a_run_tells_nothing_of_its_environment(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_TOKEN", "AWS_SECRET_ACCESS_KEY", "SLURM_JWT", "MLFLOW_TRACKING_PASSWORD", "UNKNOWN_VARIABLE"):
        monkeypatch.setenv(name, "s3cr3t-v4lue")
    data, folder = write_sums(tmp_path / "train.jsonl"), tmp_path / "run"
    train(run_json(budget={"rounds": 1}), base, data, folder, code="c" * 16)
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {"run.json", "provenance.json", "metrics.jsonl", "model.safetensors"} <= {path.name for path in files}
    hostname = socket.gethostname().encode()
    for path in files:
        content = path.read_bytes()
        assert b"s3cr3t-v4lue" not in content, path
        if path.suffix in (".json", ".jsonl") and len(hostname) > 5:
            assert hostname not in content, path


def listening(port: int) -> set[str]:
    """Addresses at which something on this machine waits for connections to a port, as the kernel writes them."""
    found = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        for line in table.read_text().splitlines()[1:] if table.exists() else ():
            fields = line.split()
            address, _, number = fields[1].rpartition(":")
            if fields[3] == "0A" and int(number, 16) == port:
                found.add(address)
    return found


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="Linux says in /proc who listens where")
def test_the_server_waits_on_this_machine_alone(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/mlflow.db", 60):
        pass
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "rftlab.views.track", "--serve", "--store", f"sqlite:///{tmp_path}/mlflow.db"]
    environment = os.environ | {"PYTHONPATH": str(SOURCE.parent)}
    server = subprocess.Popen(
        [*command, "--port", str(port)],
        env=environment,
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + 120
        while not (found := listening(port)):
            assert server.poll() is None, "the server has ended"
            assert time.monotonic() < end, "the server does not listen"
            time.sleep(0.2)
        assert found == {"0100007F"}  # 127.0.0.1, least significant byte first
    finally:
        server.terminate()
        server.wait(30)
    while listening(port):
        assert time.monotonic() < end + 30, "the server's workers outlive it"
        time.sleep(0.2)
