"""Errors a user can mend: one clear line and a non-zero exit code, never a traceback."""

from __future__ import annotations

import codecs
import difflib
import errno
import functools
import io
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec

P = ParamSpec("P")
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # the disk is full, a quota is used up, a file may not grow further


IN_ASCII = {"×": "x", "–": "-", "—": "-", "·": "-", "…": "...", "→": "->", "≤": "<=", "≥": ">=", "−": "-", "±": "+/-"}
"""What streams print of our own characters where they know ASCII alone."""


def _in_ascii(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    wrong = error.object[error.start : error.end]
    text = "".join(IN_ASCII.get(c) or c.encode("ascii", "backslashreplace").decode() for c in wrong)
    return text, error.end


codecs.register_error("rftlab.in_ascii", _in_ascii)


def print_anywhere() -> None:
    """Let standard output and error take every character: one that their encoding lacks is written in ASCII."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.encoding.lower().replace("-", "") != "utf8":
            stream.reconfigure(errors="rftlab.in_ascii")


class BadInputError(Exception):
    """What the user gave cannot be used; the message is one line: file, key, what is wrong and what would be valid.

    A message may repeat what the user wrote: line breaks and control characters become spaces.
    """

    def __init__(self, message: str) -> None:
        super().__init__(" ".join("".join(c if c.isprintable() else " " for c in message).split()))


@contextmanager
def os_errors() -> Iterator[None]:
    """Let a library written in Rust fail like any other: its ``… (os error 28)`` becomes an OSError of that number."""
    try:
        yield
    except Exception as error:
        if isinstance(error, OSError) or not (match := re.search(r"os error (\d+)", str(error))):
            raise
        raise OSError(int(match[1]), os.strerror(int(match[1]))) from error


def one_line_errors(main: Callable[P, None]) -> Callable[P, None]:
    """Let a stage's ``main`` end with one line on stderr, whatever characters it prints.

    A :class:`BadInputError` and a full disk give exit code 1, Ctrl-C gives 130.
    """

    @functools.wraps(main)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        print_anywhere()
        try:
            main(*args, **kwargs)
        except BadInputError as error:
            sys.exit(str(error))
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            where = f"{error.filename}: " if error.filename else ""
            sys.exit(f"{where}{error.strerror}: no half-written file was left; make room, then run the same again")
        except KeyboardInterrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # a job gets it twice: from the terminal and from Snakemake
            print("stopped by SIGINT", file=sys.stderr, flush=True)
            sys.exit(128 + signal.SIGINT)

    return guarded


def did_you_mean(word: str, known: list[str]) -> str:
    """A hint for a misspelt word: `` (did you mean 'token_mean'?)``, or nothing."""
    close = difflib.get_close_matches(word, known, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
