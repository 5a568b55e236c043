"""A process that runs a reward file for another one, and that can be killed: it may hang, crash or fill its memory.

``python -m rftlab.rewards.file_worker PARENT_PID FILE PARAMETERS BYTES SHA256``. A line of standard input is a JSON
list of calls, each a list of records; for each call one line is written, ``[parts, reason, error]``. How long a call
may take the parent decides, by the clock: such a file may wait for a server. What the file prints goes to standard
error.
"""

from __future__ import annotations

import hashlib
import json
import math
import numbers
import os
import re
import resource
import sys
import traceback
import types
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from rftlab.rewards.worker import BROKEN, READY, keep_to_parent

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
ALONE = "file"
"""Name of the part where the file gives none."""


class EditedError(RuntimeError):
    """The file is another than it was."""


class ValuesError(ValueError):
    """What a reward returned are no values of its records."""


def main(arguments: list[str]) -> None:
    """Answer until standard input ends, the parent is gone, or a call used up the memory."""
    parent, path, parameters, memory = int(arguments[0]), arguments[1], json.loads(arguments[2]), int(arguments[3])
    output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the file prints is no answer
    try:
        resource.setrlimit(resource.RLIMIT_AS, (memory, resource.getrlimit(resource.RLIMIT_AS)[1]))
        keep_to_parent(parent)
        reward = load(path, arguments[4])
    except Exception as error:  # the parent says it, once for all its workers
        _write(output, {BROKEN: said(error, path)})
        sys.exit(1)
    _write(output, READY)
    for line in sys.stdin:
        for records in json.loads(line):
            result = call(reward, records, parameters, path)
            _write(output, result)
            if result[1] == "memory":
                return  # what is left of this process is not to be trusted


def load(path: str, sha256: str) -> Callable[..., Any]:
    """The function ``reward`` of a file, which is to be what it was when its processes were first started.

    Raises:
        EditedError: it is not.
        Exception: whatever the file raises.
    """
    content = Path(path).read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise EditedError("the file has been edited since")
    module = sys.modules["reward_file"] = types.ModuleType("reward_file")
    module.__file__ = path
    exec(compile(content, path, "exec"), module.__dict__)  # from its bytes: no other file stands for it
    function: Callable[..., Any] = module.__dict__["reward"]
    return function


def call(reward: Callable[..., Any], records: list[Any], parameters: Mapping[str, Any], path: str) -> list[Any]:
    """Parts, reason of a failure, and what is wrong with the file itself, of one call."""
    try:
        returned = reward(records, **parameters)
    except MemoryError:
        return [None, "memory", None]
    except Exception as error:
        return [None, None, f"reward() raises {said(error, path)}"]
    try:
        return [values(returned, len(records)), None, None]
    except ValuesError as error:
        return [None, None, f"reward() returns {error}"]


def values(returned: Any, count: int) -> dict[str, list[float | None]]:
    """Named parts with ``count`` values each: finite numbers, or None.

    Raises:
        ValuesError: they are none.
    """
    named = returned if isinstance(returned, Mapping) else {ALONE: returned}
    if not named:
        raise ValuesError("no parts")
    parts: dict[str, list[float | None]] = {}
    for name, column in named.items():
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise ValuesError(f"a part named {name!r:.60}: a name has letters, digits and '_', at most 40")
        where = f" of part {name!r}" if isinstance(returned, Mapping) else ""
        if isinstance(column, str | bytes) or not hasattr(column, "__len__") or not hasattr(column, "__getitem__"):
            raise ValuesError(f"{column!r:.60}{where}: a list of {count} numbers is needed, one a record")
        if len(column) != count:
            raise ValuesError(f"{len(column)} values{where} for {count} records")
        parts[name] = [_number(value, where) for value in column]
    sums = [sum(value for value in row if value is not None) for row in zip(*parts.values(), strict=True)]
    if not all(map(math.isfinite, sums)):
        raise ValuesError("parts whose sum is not finite")
    return parts


def _number(value: Any, where: str) -> float | None:
    if value is None:
        return None
    if not isinstance(value, numbers.Real) or not math.isfinite(value):
        raise ValuesError(f"{value!r:.60}{where}: finite numbers are needed, or None where there is no value")
    return float(value)


def said(error: BaseException, path: str) -> str:
    """An error and the last line of the file that it came from."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    return f"{error!r:.200}{f' in line {lines[-1]}' if lines else ''}"


def _write(output: IO[str], result: object) -> None:
    output.write(json.dumps(result) + "\n")
    output.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
