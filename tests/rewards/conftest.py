"""For the tests of the processes that verify: a copy of the package with verifiers that misbehave."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rftlab import levels
from rftlab.rewards.pool import Pool

VERIFIERS = {
    "echo": "return Judgement(completion == answer, completion)",
    "hang": "while completion == 'hang': pass\n    return Judgement(True, None)",
    "sleep": "time.sleep(600 if completion == 'sleep' else 0)\n    return Judgement(True, None)",
    # at once: filling two gigabytes can take longer than an answer may
    "bomb": "held = bytearray(2**36 if completion == 'bomb' else 1)\n    return Judgement(True, str(len(held)))",
    "segfault": "if completion == 'segfault': ctypes.string_at(0)\n    return Judgement(True, None)",
    "deep": "return Judgement(True, str(completion == 'deep' and verify(completion, answer)))",
    "killed_once": "place = pathlib.Path(answer)\n"
    "    if completion == 'kill' and not place.exists():\n"
    "        place.touch()\n"
    "        os.kill(os.getpid(), signal.SIGKILL)\n"
    "    return Judgement(True, None)",
    "terminated": "os.kill(os.getpid(), signal.SIGTERM)\n"
    "    os.kill(os.getpid(), signal.SIGINT)\n"
    "    return Judgement(True, None)",
    "modules": "return Judgement(True, ' '.join(sorted({name.partition('.')[0] for name in sys.modules})))",
    "refuses": "raise ValueError('no such answer')",
    "fine": "return Judgement(True, None)",
    "busy": "end = time.process_time() + float(completion)\n"
    "    while time.process_time() < end: pass\n"
    "    return Judgement(True, None)",
    "limits": "import resource\n"
    "    core, memory = (resource.getrlimit(getattr(resource, f'RLIMIT_{name}')) for name in ('CORE', 'AS'))\n"
    "    return Judgement(True, str([[*core], memory[0]]))",
}


HEAD = """import ctypes, os, pathlib, signal, sys, time
from rftlab.rewards import Judgement


def verify(completion, answer):
    """


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with verifiers that misbehave, and a second of processor time for each answer."""
    copy = tmp_path_factory.mktemp("package") / "rftlab"
    shutil.copytree(levels.PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for name, body in VERIFIERS.items():
        (copy / "rewards" / "verifiers" / f"{name}.py").write_text(f"{HEAD}{body}\n")
    worker = copy / "rewards" / "worker.py"
    text = worker.read_text()
    assert text.count("\nSECONDS = 5\n") == 1
    worker.write_text(text.replace("\nSECONDS = 5\n", "\nSECONDS = 1\n"))
    return copy


@pytest.fixture
def pool(package: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Pool]]:
    monkeypatch.setattr(levels, "PACKAGE", package)
    opened: list[Pool] = []

    def start(*verifiers: str, workers: int = 2) -> Pool:
        opened.append(Pool(verifiers, workers))
        return opened[-1]

    yield start
    for one in opened:
        one.close()
