"""Kill Snakemake in the middle of a study, call it again as the README says, and compare with one nobody touched.

    python tests/helpers/torture_snakemake.py --kills 10

In turns Snakemake alone is killed, so that its jobs are left alone with their locks, and its whole process group. The
next call is the same command, at once: nothing is unlocked by hand and nothing waited for.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from checkout import copy_code

STUDY = """\
study: killed
models:
  tiny:
    {source: tiny, architecture: qwen2, layers: 1, hidden_size: 64, max_steps: 40, check_every: 20, check_queries: 20,
     trained_range: [0.0, 0.0, 1.0], train_on: {sums: 1}}
datasets:
  sums: {source: procedural, family: chains, terms: [2], high: 4, operators: +,
    sizes: {train: 8, validation: 2, test: 4}}
baseline: {rollout: {queries: 8, rollouts: 2, max_new_tokens: 6}, reward: {name: random}, optimizer: {lr: 1.0e-3}}
factors: {advantage: {window: {advantage: {name: history_window, window: 4}}}}
seeds: [0]
noise_floor: false
budget: {rounds: 60}
evaluation_sets: {sums_test: {dataset: sums, split: test}}
evaluation: {every: {rounds: 20}, id: [sums_test], samples: 2, pass_at: [1, 2]}
state: {every_seconds: 0.2}
"""
COMPARED = (
    "runs/**/metrics.jsonl",
    "runs/**/checkpoints.json",
    "runs/**/model.safetensors",
    "evaluations/**/*.parquet",
    "tables/evaluations.csv",
    "tables/marginal_gains.csv",
)


def prepare(folder: Path, study: str = STUDY) -> None:
    """A copy of the code, with the study's base model and data made."""
    folder.mkdir()
    copy_code(folder)
    (folder / "study.yaml").write_text(study)
    finish(folder, "models", "data")


def start(folder: Path, *targets: str) -> subprocess.Popen[bytes]:
    """Snakemake as the README calls it, in a process group of its own."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("COV_", "COVERAGE_", "PYTEST_"))}
    command = [sys.executable, "-m", "snakemake", *targets, "--configfile", "study.yaml", "--cores", "2"]
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            command,
            cwd=folder,
            env=environment | {"OMP_NUM_THREADS": "1"},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def finish(folder: Path, *targets: str) -> None:
    assert (code := start(folder, *targets).wait()) == 0, f"exit code {code}\n{(folder / 'log').read_text()}"


def rounds(folder: Path) -> int:
    """Rounds that any training has logged, in its state or at its end; folders come and go while this looks."""
    logged = 0
    for place, _, names in os.walk(folder / "results/killed/runs"):
        if "metrics.jsonl" in names:
            with contextlib.suppress(FileNotFoundError):
                logged += Path(place, "metrics.jsonl").read_bytes().count(b"\n")
    return logged


def locked(folder: Path, since: float) -> bool:
    """Whether a Snakemake that began then has locked the folder; an earlier one's lock may still lie there."""
    with contextlib.suppress(FileNotFoundError):
        return any(lock.stat().st_mtime >= since for lock in (folder / ".snakemake/locks").glob("*.lock"))
    return False


def kill(folder: Path, alone: bool, chance: random.Random) -> int:
    """Start Snakemake, kill it some rounds later, alone or with its jobs; return the rounds there were then.

    Rounds may be those of jobs that outlived the one before: it is not killed before it has locked the folder.
    """
    began, since, process = rounds(folder), time.time(), start(folder, "tables")
    wanted = began + chance.randint(1, 25)
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        if rounds(folder) >= wanted and locked(folder, since):
            break
        time.sleep(0.01)
    assert process.poll() is None, f"ended before it was killed\n{(folder / 'log').read_text()}"
    if alone:
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return rounds(folder)


def files(folder: Path) -> Iterator[Path]:
    """What must be the same, byte for byte."""
    results = folder / "results/killed"
    for pattern in COMPARED:
        found = [path.relative_to(results) for path in sorted(results.glob(pattern))]
        assert found, pattern
        yield from found


def compare(reference: Path, folder: Path) -> int:
    """How many files were compared and are the same."""
    names = [*files(reference)]
    assert names == [*files(folder)]
    for name in names:
        same = [(place / "results/killed" / name).read_bytes() for place in (reference, folder)]
        assert same[0] == same[1], name
    return len(names)


def survive(place: Path, kills: int, seed: int = 0) -> dict[str, int]:
    """Run the study once untouched and once killed so often; what was counted."""
    chance = random.Random(seed)
    prepare(place / "prepared")
    shutil.copytree(place / "prepared", place / "reference", symlinks=True)
    finish(place / "reference", "tables")
    studies = compared = 0
    alone = [number % 2 == 0 for number in range(kills)]
    while alone:
        folder = place / f"killed-{studies}"
        shutil.copytree(place / "prepared", folder, symlinks=True)
        for which in alone[:2]:
            kill(folder, which, chance)
        alone = alone[2:]
        finish(folder, "tables")
        studies += 1
        compared += compare(place / "reference", folder)
    return {"kills": kills, "studies": studies, "files_compared_byte_for_byte": compared, "different": 0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=10)
    options = parser.parse_args()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as place:
        counts = survive(Path(place), options.kills)
    print(json.dumps(counts | {"seconds": round(time.perf_counter() - began)}, indent=1))


if __name__ == "__main__":
    main()
