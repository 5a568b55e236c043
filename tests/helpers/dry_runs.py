"""Dry runs of Snakemake by the hundred: one process imports Snakemake and is forked for each of them.

As a program it is that process: it reads a line of JSON, ``[folder, arguments…]``, and answers with one, ``[exit code,
output]``. It imports nothing of rftlab, so that each fork imports that of its folder.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path


def environment() -> dict[str, str]:
    """That of this process without what would have Snakemake measured and configured as a test."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("COV_", "COVERAGE_", "PYTEST_"))}


class DryRuns:
    """The process, as a context."""

    def __enter__(self) -> DryRuns:
        self.process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment()
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate()

    def output(self, folder: Path, *arguments: str) -> str:
        """What Snakemake prints in a folder; it must succeed."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps([os.fspath(folder), *arguments]) + "\n")
        self.process.stdin.flush()
        code, output = json.loads(self.process.stdout.readline())
        assert code == 0, output
        return output


def warm() -> None:
    """Import what Snakemake, its plugins and planning take long to import of other packages."""
    import jinja2.sandbox  # noqa: F401
    import pydantic  # noqa: F401
    import safetensors  # noqa: F401
    import smart_open  # noqa: F401
    import snakemake.cli
    import snakemake.executors.dryrun
    import snakemake.report
    import tokenizers  # noqa: F401
    import yte  # noqa: F401

    snakemake.cli.get_argument_parser()  # which imports every plugin
    gc.collect()
    gc.freeze()
    gc.disable()  # no fork lives long enough for what it would collect: a third of its time


def serve() -> None:
    """Answer until the input ends."""
    warm()
    for line in sys.stdin:
        folder, *arguments = json.loads(line)
        with tempfile.TemporaryFile("w+") as file:
            child = os.fork()
            if child == 0:
                run(folder, arguments, file.fileno())
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            file.seek(0)
            print(json.dumps([code, file.read()]), flush=True)


def run(folder: str, arguments: list[str], output: int) -> None:
    """Snakemake in this process, which ends with it."""
    import snakemake.cli

    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.chdir(folder)
    code = 1
    try:
        snakemake.cli.main(arguments)
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code)
        else:
            code = int(end.code or 0)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve()
