"""What failed comes last and once: the lines that jobs' logs end in, after everything that Snakemake prints of them."""

from __future__ import annotations

import atexit
import logging
import re
import sys
from collections.abc import Iterable
from pathlib import Path

TAIL = 65536  # bytes of a log that are looked at
COMMAND = re.compile(r"Command 'set -euo pipefail;.*' (?=(returned|died)\b)", re.DOTALL)


class Failures(logging.Filter):
    """Reads in Snakemake's records which jobs have failed, and takes their long commands out."""

    def __init__(self) -> None:
        super().__init__()
        self.logs: dict[int, str] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record through."""
        if isinstance(record.msg, str):
            record.msg = COMMAND.sub("the command ", record.msg)
        event = getattr(getattr(record, "event", None), "value", None)
        if event == "job_error":
            vars(record)["shellcmd"] = None
            self.logs.update({int(vars(record)["jobid"]): str(log) for log in vars(record)["log"][:1]})
        elif event == "job_finished":  # at another attempt
            self.logs.pop(int(vars(record)["job_id"]), None)
        return True

    def tell_at_exit(self) -> None:
        """Print :func:`summary` as the very last of this process."""
        atexit.register(lambda: sys.stderr.writelines(f"{line}\n" for line in summary(self.logs.values())))


def summary(logs: Iterable[str]) -> list[str]:
    """Each line that logs end in once, with how many jobs ended with it and the first one's log."""
    logs_of: dict[str, list[str]] = {}
    for log in logs:
        logs_of.setdefault(last_line(Path(log)), []).append(log)
    return [
        f"{line} ({'1 job' if len(among) == 1 else f'{len(among)} jobs, the first'}: {among[0]})"
        for line, among in logs_of.items()
    ]


def last_line(log: Path) -> str:
    """The last line of a log that is not empty; of one that cannot be read or says nothing, that."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - TAIL))
            lines = file.read().decode(errors="replace").split("\n")
    except OSError as error:
        return f"a log cannot be read: {error.strerror}"
    return next(
        (line.strip() for line in reversed(lines) if line.strip()), "a job ended without a word: was it killed?"
    )
