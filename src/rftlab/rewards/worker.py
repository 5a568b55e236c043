"""A process that verifies completions for another one, and that can be killed: it may hang, crash or fill its memory.

``python -m rftlab.rewards.worker PARENT_PID VERIFIER…``. A line of standard input is a JSON list of
``[verifier, completion, answer]``; for each of them one line is written, ``[correct, extracted, failure, error]``, as
soon as it is known, so that the parent can tell at which one a worker died. Every answer may take ``SECONDS`` of
processor time, not of the clock: rewards must not depend on what else the machine does. When they are over, the kernel
ends the process (``SIGXCPU``), whatever it is in.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from rftlab import levels

SECONDS = 5
"""Of processor time for one answer; the kernel counts whole seconds, so that it may be one more."""
MEMORY = 2 * 1024**3
"""Bytes of address space."""
READY = "ready"
BROKEN = "broken"
"""What is written instead of ``READY``: why the verifiers cannot be loaded."""


def main(arguments: list[str]) -> None:
    """Answer until standard input ends, the parent is gone, or an answer used up the memory."""
    try:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
        keep_to_parent(int(arguments[0]))
        verifiers = {name: levels.load("rewards.verifiers", name) for name in arguments[1:]}
    except Exception as error:  # the parent says it, once for all its workers
        _write({BROKEN: f"{error!r:.200}"})
        sys.exit(1)
    _write(READY)
    for line in sys.stdin:
        for name, completion, answer in json.loads(line):
            limit_processor_time()
            result = judge(verifiers[name], completion, answer)
            _write(result)
            if result[2] == "memory":
                return  # what is left of this process is not to be trusted


def judge(verify: Callable[..., Any], completion: str, answer: str) -> list[Any]:
    """Correct, extracted, failure, and what is wrong with the answer itself, of one completion."""
    try:
        judgement = verify(completion, answer)
    except MemoryError:
        return [False, None, "memory", None]
    except ValueError as error:
        return [False, None, None, str(error)]
    except Exception:  # of a package that was given hostile input: a judgement with a counted reason
        return [False, None, "crashed", None]
    return [judgement.correct, judgement.extracted, judgement.failure, None]


def limit_processor_time() -> None:
    """Let the kernel end this process ``SECONDS`` of its own time from now."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(usage.ru_utime + usage.ru_stime) + 1 + SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def keep_to_parent(parent: int) -> None:
    """Leave signals to the parent, which may still save its state, and end when it does; write no core file."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    threading.Thread(target=_end_with, args=[parent], daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def _write(result: object) -> None:
    sys.stdout.write(json.dumps(result) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
