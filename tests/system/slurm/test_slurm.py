"""A study on a real Slurm: a lost node, a preemption, a failed job, and the tables of an undisturbed run."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from checkout import copy_code

NODE = Path(__file__).with_name("node.sh")
STUDY = "study.yaml"
TIMED = ("runs", "curves")  # tables that also say how long a run took
FILES = ("metrics.jsonl", "run.json", "checkpoints.json")
pytestmark = pytest.mark.slurm


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A one-node Slurm, and the folder it lives in; skips where there can be none."""
    if os.geteuid() != 0:
        pytest.skip("a Slurm of its own needs root")
    if shutil.which("apt-get") is None and shutil.which("slurmctld") is None:
        pytest.skip("Slurm is not installed, and without apt-get it is not installed here")
    installed = subprocess.run([NODE, "install"], capture_output=True, text=True, check=False)
    if installed.returncode:
        pytest.skip(f"Slurm cannot be installed: {installed.stderr.strip()[-200:]}")
    configuration = Path("/etc/slurm/slurm.conf")
    if configuration.exists():
        pytest.skip(f"{configuration} is there: this machine has a Slurm of its own")
    folder = tmp_path_factory.mktemp("slurm")
    try:
        subprocess.run([NODE, "up", folder], check=True)
        yield folder
    finally:
        subprocess.run([NODE, "down", folder], check=True)


def environment(cluster: Path | None = None) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("COV_", "COVERAGE_", "PYTEST_", "SLURM_"))}
    return kept | {"OMP_NUM_THREADS": "1"} | ({"SLURM_CONF": f"{cluster}/slurm.conf"} if cluster else {})


def snakemake(target: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "snakemake", target, "--configfile", STUDY, *arguments]


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study, run on this machine without Slurm and without a disturbance."""
    folder = tmp_path_factory.mktemp("local")
    copy_code(folder)
    shutil.copy(NODE.with_name(STUDY), folder / STUDY)
    done = subprocess.run(
        snakemake("tables", "--cores", "2"), cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


class Slurm:
    """A study under way on the cluster, and what a test does to it and asks of it."""

    def __init__(self, cluster: Path, folder: Path) -> None:
        self.environment, self.folder = environment(cluster), folder
        self.log = folder / "snakemake.log"
        with self.log.open("w") as log:
            # the profile waits 40 s before it first asks for a job's state, for the sake of a busy controller
            command = snakemake(
                "tables", "--workflow-profile", "slurm", "--slurm-init-seconds-before-status-checks", "1"
            )
            self.snakemake = subprocess.Popen(
                command, cwd=folder, env=self.environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )

    def ask(self, *command: str) -> str:
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return done.stdout

    def jobs(self) -> dict[int, dict[str, str]]:
        """Facts about every job that was ever submitted, by its id."""
        shown = [
            dict(re.findall(r"(\S+?)=(\S*)", line)) for line in self.ask("scontrol", "-o", "show", "job").splitlines()
        ]
        return {int(facts["JobId"]): facts for facts in shown if "JobId" in facts}

    def submitted(self, rule: str) -> dict[int, dict[str, str]]:
        """Those of one rule."""
        return {
            number: facts
            for number, facts in self.jobs().items()
            if re.match(rf"rule_{rule}(_wild|$)", facts.get("Comment", ""))
        }

    def wait(self, what: str, condition, seconds: float = 240.0):
        """Until a condition holds; returns what it gave."""
        end = time.monotonic() + seconds
        while not (found := condition()):
            assert self.snakemake.poll() is None, f"{what}: Snakemake has ended\n{self.log.read_text()}"
            assert time.monotonic() < end, f"not within {seconds:g} s: {what}\n{self.log.read_text()}"
            time.sleep(0.2)
        return found

    def training(self, but: set[int] = frozenset()) -> int | None:
        """A job that is training, has some rounds behind it and has saved its state."""
        for number, facts in self.submitted("train").items():
            variant = "group_norm_extra3" if "group_norm" in facts["Comment"] else "baseline"
            states = [p for p in (self.folder / "results/cluster/runs").glob("*/*/**/.state") if variant in p.parts]
            rounds = [int(saved.name.removeprefix("round-")) for state in states for saved in state.glob("round-*")]
            if number not in but and facts["JobState"] == "RUNNING" and rounds and 5 <= max(rounds) < 140:
                return number
        return None

    def processes(self, number: int) -> list[int]:
        """Processes of a job on this node."""
        wanted, found = f"SLURM_JOB_ID={number}".encode(), []
        for place in Path("/proc").glob("[0-9]*"):
            try:
                if wanted in (place / "environ").read_bytes().split(b"\0"):
                    found.append(int(place.name))
            except OSError:  # it has ended meanwhile
                continue
        return found


def test_a_study_survives_what_clusters_do(cluster: Path, local: Path, tmp_path: Path) -> None:
    folder = tmp_path / "study"
    shutil.copytree(local, folder, copy_function=shutil.copy2)  # base model and data: they were made already
    shutil.rmtree(folder / "results")
    slurm = Slurm(cluster, folder)
    try:
        lost = slurm.wait("a training under way", slurm.training)
        node = slurm.jobs()[lost]["NodeList"]
        slurm.ask("scontrol", "update", f"nodename={node}", "state=down", "reason=lost")
        kill(slurm.processes(lost))  # they die with their node
        assert slurm.jobs()[lost]["JobState"] == "PENDING"
        slurm.ask("scontrol", "update", f"nodename={node}", "state=resume")

        preempted = slurm.wait("another training under way", lambda: slurm.training({lost}))
        urgent = slurm.ask("sbatch", "--parsable", "-p", "urgent", "--gpus=1", "--wrap", "sleep 1", "-o", "/dev/null")
        slurm.wait("the urgent job takes the GPU", lambda: slurm.jobs()[int(urgent)]["JobState"] == "COMPLETED")
        assert slurm.jobs()[preempted]["Restarts"] == "1"

        failed = slurm.wait("an evaluation", lambda: [n for n in slurm.submitted("evaluate") if evaluating(slurm, n)])[
            0
        ]
        kill(evaluating(slurm, failed))
        assert slurm.snakemake.wait(240) == 0, slurm.log.read_text()
    finally:
        if slurm.snakemake.poll() is None:
            slurm.snakemake.send_signal(signal.SIGINT)  # cancels its jobs
            slurm.snakemake.wait(60)

    trainings = slurm.submitted("train")
    assert {number: facts["Restarts"] for number, facts in trainings.items()} == {lost: "1", preempted: "1"}
    assert {facts["JobState"] for facts in trainings.values()} == {"COMPLETED"}
    assert {(facts["Partition"], facts["TresPerJob"]) for facts in trainings.values()} == {("gpu", "gres:gpu:1")}

    logs = sorted((folder / "results/cluster/logs/train").rglob("seed-0.log"))  # each of the second start
    went_on = [re.search(r"goes on after round (\d+), saved before", log.read_text()) for log in logs]
    assert [found is not None and int(found[1]) > 0 for found in went_on] == [True, True], went_on

    evaluations = slurm.submitted("evaluate")
    again = [n for n, facts in evaluations.items() if facts["Comment"] == evaluations[failed]["Comment"]]
    first, second = (evaluations[number] for number in again)
    assert len(evaluations) == 3
    assert (first["JobState"], second["JobState"]) == ("FAILED", "COMPLETED")
    assert (first["MinMemoryNode"], second["MinMemoryNode"]) == ("16000M", "32000M")
    assert (first["TimeLimit"], second["TimeLimit"]) == ("04:00:00", "08:00:00")
    assert {facts["Restarts"] for facts in evaluations.values()} == {"0"}

    compare(local / "results/cluster", folder / "results/cluster")


def test_two_that_share_a_folder_share_a_study(local: Path, tmp_path: Path) -> None:
    """As docs/cluster.md has it: other runs each, without Snakemake's lock, and the tables at the end."""
    folder = tmp_path / "study"
    shutil.copytree(local, folder, copy_function=shutil.copy2)
    shutil.rmtree(folder / "results")
    both = [
        subprocess.Popen(snakemake(target, "--cores", "1", "--nolock"), cwd=folder, env=environment())
        for target in ("baseline", "factor_advantage")
    ]
    assert [one.wait(300) for one in both] == [0, 0]
    subprocess.run(snakemake("tables", "--cores", "2"), cwd=folder, env=environment(), check=True)
    compare(local / "results/cluster", folder / "results/cluster")


def kill(processes: list[int]) -> None:
    for process in processes:
        with contextlib.suppress(ProcessLookupError):  # it has followed another
            os.kill(process, signal.SIGKILL)


def evaluating(slurm: Slurm, number: int) -> list[int]:
    """Processes of the stage itself in a job, once it runs."""
    found = []
    for process in slurm.processes(number):
        try:
            arguments = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"rftlab.evaluation.evaluate" in arguments:
            found.append(process)
    return found


def compare(quiet: Path, disturbed: Path) -> None:
    """Two results folders hold the same, byte for byte, but for the column that is a clock."""
    for pattern in ("tables/*.csv", "evaluations/**/*.parquet", *(f"runs/**/{name}" for name in FILES)):
        names = sorted(path.relative_to(quiet) for path in quiet.glob(pattern))
        assert names == sorted(path.relative_to(disturbed) for path in disturbed.glob(pattern)) != []
        for name in names:
            one, other = ((place / name).read_bytes() for place in (quiet, disturbed))
            if name.stem in TIMED:
                one, other = (
                    pd.read_csv(io.BytesIO(table), dtype=str).drop(columns="seconds").to_csv() for table in (one, other)
                )
            assert one == other, name
