"""Failed jobs in the end: every line once, with how many jobs ended in it; and Snakemake's words without commands."""

from __future__ import annotations

import logging
from enum import StrEnum, auto
from pathlib import Path

import pytest

from checkout import Checkout, copy_code
from rftlab.jobs.failures import Failures, last_line, summary
from torture_snakemake import STUDY

STUB = """\
import sys
from pathlib import Path

def offer(): pass

arguments = dict(zip(sys.argv[2::2], sys.argv[3::2]))
if __name__ == "__main__" and sys.argv[1].endswith("build"):
    folder = Path(arguments["--folder"])
    (folder / "model").mkdir(parents=True)
    (folder / "model.json").write_text("{}")
elif __name__ == "__main__":
    print("a warning of a library\\n")
    sys.exit("models.tiny: café, no such thing as '{wildcards}'")
"""


class Event(StrEnum):
    """As Snakemake's."""

    JOB_ERROR = auto()
    JOB_FINISHED = auto()


def record(**extra: object) -> logging.LogRecord:
    return logging.makeLogRecord({"msg": "", **extra})


def test_each_line_comes_once_with_the_first_log(tmp_path: Path) -> None:
    for number, text in enumerate(["a\nx: bad\n", "b\nx: bad\n\n", "y: é\n", "", "x: bad"]):
        (tmp_path / str(number)).write_text(text, encoding="utf-8")
    assert summary([str(tmp_path / str(number)) for number in range(6)]) == [
        f"x: bad (3 jobs, the first: {tmp_path}/0)",
        f"y: é (1 job: {tmp_path}/2)",
        f"a job ended without a word: was it killed? (1 job: {tmp_path}/3)",
        f"a log cannot be read: No such file or directory (1 job: {tmp_path}/5)",
    ]


def test_the_end_of_a_long_log_is_enough(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"\xff" * 10**6 + b"\nthe end\n")
    assert last_line(tmp_path / "log") == "the end"


def test_records_lose_their_command_and_leave_their_log() -> None:
    failures = Failures()
    error = record(event=Event.JOB_ERROR, jobid=3, log=["a.log"], shellcmd="python …")
    assert failures.filter(error)
    assert vars(error)["shellcmd"] is None
    assert failures.filter(record(event=Event.JOB_ERROR, jobid=4, log=["b.log"], shellcmd=None))
    assert failures.filter(record(event=Event.JOB_FINISHED, job_id=4))  # it was tried again
    assert failures.filter(record())
    assert failures.logs == {3: "a.log"}


@pytest.mark.workflow
@pytest.mark.xdist_group("workflow")
def test_what_all_trainings_end_with_is_the_last_line_and_there_once(tmp_path: Path) -> None:
    copy_code(tmp_path)
    (tmp_path / "src/rftlab/jobs/warmstart.py").write_text(STUB)
    (tmp_path / "study.yaml").write_text(STUDY.replace("seeds: [0]", "seeds: [0, 1, 2]"))
    done = Checkout(tmp_path, "study.yaml").run("--keep-going", "--cores", "2")
    said = "models.tiny: café, no such thing as '{wildcards}'"
    assert done.returncode == 1
    assert done.stdout.count(said) == 1, done.stdout
    last = done.stdout.rstrip("\n").splitlines()[-1]
    assert last.startswith(f"{said} (7 jobs, the first: results/killed/logs/")
    assert done.stdout.endswith(f"\n{last}\n")
    assert "--config" not in done.stdout
