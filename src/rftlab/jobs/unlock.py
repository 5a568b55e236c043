"""Snakemake's lock of the working directory, freed of what a killed Snakemake left there.

Snakemake locks a directory with files that outlive ``kill -9``. Every Snakemake of a study also holds a kernel lock on
``.snakemake/rftlab.lock``, shared, which ends with its process; who gets that lock alone knows that nobody else lives.
"""

from __future__ import annotations

import fcntl
import os
import socket
import sys
from pathlib import Path

KERNEL_LOCK = Path(".snakemake/rftlab.lock")


def free_stale_lock(folder: Path) -> int | None:
    """Remove the lock that a dead Snakemake left in its working directory; called by the Snakefile of a live one.

    Nothing is removed while another Snakemake lives there, be it a dry run, or where the last one was on another
    machine: whether that lives cannot be told from here, and Snakemake's own message says what to do.

    Returns:
        The descriptor of the kernel lock, to be kept open as long as this Snakemake lives; None where the file system
        has no such locks.
    """
    path = folder / KERNEL_LOCK
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        return descriptor
    except OSError:
        os.close(descriptor)
        return None
    here, stale = socket.gethostname().encode(), [*(folder / ".snakemake" / "locks").glob("*.lock")]
    if not stale or os.pread(descriptor, 256, 0) == here:
        for lock in stale:
            lock.unlink()
        if stale:
            print(f"{folder}: unlocked; the Snakemake that had locked it is gone", file=sys.stderr, flush=True)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, here, 0)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor
