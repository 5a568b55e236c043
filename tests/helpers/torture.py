"""Kill trainings at random moments, let them go on, and compare every byte with a training nobody touched.

    python tests/helpers/torture.py --kills 100        # what `make torture` runs; prints the kills survived by moment

A child is forked for each attempt, since importing torch takes longer than the training. It tells its parent when it
enters the moment it is to die in and waits for leave to go on; the parent then kills its process group with SIGKILL
after a random part of the time that this moment lasts. ``anywhere`` is a kill after a random time from the start.
Every fourth attempt gets SIGTERM instead and must end by itself; these are counted apart.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import functools
import json
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

import rftlab.evaluation.evaluate
import rftlab.training.resume
import rftlab.training.train
from rftlab.jobs.interrupt import StoppedError
from rftlab.rollouts.transformers_engine import TransformersEngine
from rftlab.runfolder.log import RUN_FILES
from training import run_json, write_base, write_sums

MOMENTS = ("sampling", "scoring", "gradient", "step", "append", "checkpoint", "state", "publish", "anywhere")
RUN = run_json(
    reward__name="random",  # every round has a signal
    advantage={"name": "history_window", "window": 4},  # which depends on all rounds before
    rollout__rollouts=2,
    budget={"rounds": 8},
    checkpoint_every=3,
)
CODE = "c" * 16


def child(action: Callable[[], None]) -> int:
    """Fork a process group that does something and exits with 0; return its pid."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        os.setpgid(0, 0)
        torch.set_num_threads(1)
        log = os.open(os.environ["TORTURE_LOG"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
        action()
        code = 0
    except StoppedError as stopped:
        print(stopped)
        code = stopped.code
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def wait(pid: int) -> int:
    """Exit code of a child; negative for the signal that killed it."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def do(action: Callable[[], None]) -> None:
    """The same, awaited, and it must succeed."""
    assert (code := wait(child(action))) == 0, f"exit code {code}; see {os.environ['TORTURE_LOG']}"


def patches(enter: Callable[[str], None], leave: Callable[[str], None]) -> None:
    """Let the training say what it is about to do and what it has done; a line of a log is written in two halves."""

    def around(owner: Any, name: str, moment: str) -> None:
        original = getattr(owner, name)

        @functools.wraps(original)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            enter(moment)
            result = original(*args, **kwargs)
            leave(moment)
            return result

        setattr(owner, name, wrapped)

    def append(path: Path, row: dict[str, Any]) -> None:
        line = (json.dumps(row) + "\n").encode()
        for part in (line[: len(line) // 2], line[len(line) // 2 :]):
            with path.open("ab") as file:
                file.write(part)
            if path.name == "metrics.jsonl" and part != line[len(line) // 2 :]:
                enter("append")
        leave("append")

    around(TransformersEngine, "generate", "sampling")
    around(rftlab.training.train.Training, "score", "scoring")
    around(rftlab.training.train, "update", "gradient")
    around(torch.optim.AdamW, "step", "step")
    around(rftlab.training.train, "save_checkpoint", "checkpoint")
    around(rftlab.training.resume.RunState, "save", "state")
    around(rftlab.training.resume.RunState, "publish", "publish")
    rftlab.training.train.append_json = append  # type: ignore[assignment]


class Torture:
    """A training that was left alone, and others that are killed."""

    def __init__(self, place: Path, seed: int) -> None:
        self.place, self.random = place, random.Random(seed)
        self.base, self.data = place / "base", place / "train.jsonl"
        self.kills: collections.Counter[str] = collections.Counter()
        self.terminated = 0
        self.unsaved = 0  # attempts that ended before anything was saved, so that the next one began anew
        os.environ["TORTURE_LOG"] = str(place / "log")
        do(self.prepare)
        self.reference = place / "reference"
        do(lambda: self.measure(self.reference))
        self.lasts = json.loads((place / "lasts.json").read_text())
        do(lambda: self.evaluate(self.reference))

    def prepare(self) -> None:
        write_base(self.base)
        write_sums(self.data)

    def train(self, folder: Path) -> None:
        rftlab.training.train.train(RUN, self.base, self.data, folder, code=CODE)

    def measure(self, folder: Path) -> None:
        """The training nobody touches, and how long each moment lasts."""
        entered: dict[str, float] = {}
        lasts: dict[str, float] = {}

        def leave(moment: str) -> None:
            lasts[moment] = max(lasts.get(moment, 0.0), time.perf_counter() - entered[moment])

        patches(lambda moment: entered.update({moment: time.perf_counter()}), leave)
        began = time.perf_counter()
        self.train(folder)
        lasts["anywhere"] = time.perf_counter() - began
        (self.place / "lasts.json").write_text(json.dumps(lasts))

    def evaluate(self, folder: Path) -> None:
        """Evaluation tables of a training's checkpoints."""
        sets = {"sums": {"path": str(self.data), "verifier": "marked", "limit": 8}}
        asked = {"max_new_tokens": 6, "samples": 2, "temperature": 1.0, "top_p": 1.0, "seed": 0, "device": "cpu"}
        labels = {"model": "tiny", "dataset": "sums", "variant": "baseline", "seed": 0}
        config = {"labels": labels, "sets": sets, "prompt": RUN["config"]["prompt"], "evaluation": asked}
        config["engine"] = RUN["config"]["engine"]
        output = folder.with_suffix(".parquet")
        rftlab.evaluation.evaluate.main(
            ["--config", json.dumps(config), "--code", "c", "--run", str(folder), "--output", str(output)]
        )

    def attempt(self, folder: Path, moment: str, every: float, number: signal.Signals) -> bool:
        """Start or resume a training and kill it in a moment; whether it died there (else it has ended)."""
        to_child, to_parent = os.pipe(), os.pipe()
        remaining = self.random.randint(1, 1 if moment in ("checkpoint", "publish") else 3)

        def enter(entered: str) -> None:
            nonlocal remaining
            if entered == moment:
                remaining -= 1
                if remaining == 0:
                    os.write(to_parent[1], b"!")
                    os.read(to_child[0], 1)

        def action() -> None:
            os.environ["RFTLAB_STATE"] = json.dumps({"every_seconds": every})
            patches(enter, lambda _: None)
            if moment == "anywhere":
                os.write(to_parent[1], b"!")
            self.train(folder)

        pid = child(action)
        os.close(to_parent[1])
        if os.read(to_parent[0], 1):  # nothing to read: it has ended
            os.write(to_child[1], b"!")
            time.sleep(self.random.uniform(0, 1.2) * self.lasts[moment])
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, number)
        code = wait(pid)
        for descriptor in (to_parent[0], *to_child):
            os.close(descriptor)
        if code == -signal.SIGKILL:
            self.kills[moment] += 1
            self.unsaved += not any((folder / ".state").glob("round-*"))
            return True
        if code in (-signal.SIGTERM, 128 + signal.SIGTERM):  # the first before the training has begun
            self.terminated += 1
            return True
        assert code == 0, f"exit code {code}; see {os.environ['TORTURE_LOG']}"
        return False

    def run(self, kills: int) -> int:
        """Kill so many times; return how many trainings were compared."""
        number = done = 0
        moments = list(MOMENTS)
        while done < kills:
            number += 1
            folder = self.place / f"run-{number}"
            every = self.random.choice([0.0, 0.03, 60.0])  # after each round, now and then, at checkpoints only
            for _ in range(self.random.randint(2, 12)):
                if done == kills:
                    break
                moment = min(moments, key=lambda one: (self.kills[one], self.random.random()))
                if self.random.random() < 0.25 and self.attempt(folder, moment, every, signal.SIGTERM):
                    continue
                if not self.attempt(folder, moment, every, signal.SIGKILL):
                    break
                done += 1
                for name in RUN_FILES:  # as Snakemake does with the outputs of an incomplete job
                    (folder / name).unlink(missing_ok=True)
            if not (folder / "checkpoints.json").exists():
                do(lambda folder=folder: self.train(folder))  # type: ignore[misc]
            do(lambda folder=folder: self.evaluate(folder))  # type: ignore[misc]
            self.compare(folder)
        return number

    def compare(self, folder: Path) -> None:
        """Whether every byte is the same that no clock has touched, and nothing was left lying about."""
        clock = {"timings.jsonl", "provenance.json"}
        listed = {p.relative_to(folder) for p in folder.rglob("*")}
        expected = {p.relative_to(self.reference) for p in self.reference.rglob("*")}
        assert listed == expected, f"{folder}: {listed ^ expected}"
        for path in sorted(listed):
            if path.name not in clock and (folder / path).is_file():
                assert (folder / path).read_bytes() == (self.reference / path).read_bytes(), folder / path
        tables = [place.with_suffix(".parquet").read_bytes() for place in (folder, self.reference)]
        assert tables[0] == tables[1], f"{folder}: evaluation tables"
        rows = [(place / "timings.jsonl").read_text().count("\n") for place in (folder, self.reference)]
        assert rows[0] == rows[1], f"{folder}: timings"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as place:
        torture = Torture(Path(place), options.seed)
        trainings = torture.run(options.kills)
    print(
        json.dumps(
            {
                "kills": sum(torture.kills.values()),
                "by_moment": {moment: torture.kills[moment] for moment in MOMENTS},
                "ended_by_sigterm": torture.terminated,
                "before_anything_was_saved": torture.unsaved,
                "trainings_compared_byte_for_byte": trainings,
                "different": 0,  # a difference ends this program before this line
                "seconds": round(time.perf_counter() - began),
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
