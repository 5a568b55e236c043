"""Errors a user can mend: one clear line and a non-zero exit code, never a traceback."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import ParamSpec

P = ParamSpec("P")


class BadInputError(Exception):
    """What the user gave cannot be used; the message is one line: file, key, what is wrong and what would be valid.

    A message may repeat what the user wrote: line breaks and control characters become spaces.
    """

    def __init__(self, message: str) -> None:
        super().__init__(" ".join("".join(c if c.isprintable() else " " for c in message).split()))


def one_line_errors(main: Callable[P, None]) -> Callable[P, None]:
    """Let a stage's ``main`` end with the message of a :class:`BadInputError` on stderr and exit code 1."""

    @functools.wraps(main)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            main(*args, **kwargs)
        except BadInputError as error:
            sys.exit(str(error))

    return guarded
