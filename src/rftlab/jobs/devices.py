"""CUDA devices of this machine, one for each job: found without torch, taken by locks that end with their jobs.

Snakemake finds them, runs no more jobs at a time that ask for one than there are, and offers them to its jobs. A job
takes a free one before it imports torch, and sees no other. Locks hold among all jobs of one user on one machine, of
several Snakemakes too; what other programs compute on a device nobody asks: ``CUDA_VISIBLE_DEVICES`` keeps jobs off it.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from rftlab.jobs.environment import DEVICES

VISIBLE = "CUDA_VISIBLE_DEVICES"
DRIVER = "/dev/nvidiactl"
LIST = ("nvidia-smi", "--query-gpu=index,uuid", "--format=csv,noheader")
LIST_SECONDS = 60  # without its daemon the driver is initialised first
POLL_SECONDS = 0.5


def find() -> dict[str, str]:
    """Devices that jobs may use: as ``CUDA_VISIBLE_DEVICES`` names each → what identifies it on this machine.

    All that nvidia-smi lists, or those that the variable leaves: as CUDA reads it, up to the first that is none.
    Indices count within what a cluster has granted, so that where it is known a device's UUID identifies it.
    """
    uuids = _uuids()
    if not uuids and not Path(DRIVER).exists():
        return {}
    if VISIBLE not in os.environ:
        return uuids
    found = {}
    for name in (part.strip() for part in os.environ[VISIBLE].split(",")):
        if name.isdecimal():
            identity = uuids.get(name, "" if uuids else name)
        else:  # a UUID, which may be cut short
            identity = next((uuid for uuid in uuids.values() if uuid.startswith(name)), name)
            identity = identity if name.startswith(("GPU-", "MIG-")) else ""
        if not identity:
            break
        found[name] = identity
    return found


def _uuids() -> dict[str, str]:
    """Index → UUID of every device; empty where there is no nvidia-smi, or no device that it can speak to."""
    if shutil.which(LIST[0]) is None:
        return {}
    try:
        listed = subprocess.run(LIST, capture_output=True, text=True, check=True, timeout=LIST_SECONDS).stdout
    except (OSError, subprocess.SubprocessError):
        return {}
    rows = [[cell.strip() for cell in line.split(",")] for line in listed.splitlines()]
    return {row[0]: row[1] for row in rows if len(row) == 2 and row[0].isdecimal()}


def offer(found: dict[str, str]) -> None:
    """Name devices to the jobs of this process, each with the file of its lock."""
    folder = Path(tempfile.gettempdir(), f"rftlab-devices-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    os.environ[DEVICES] = json.dumps({name: f"{folder}/{identity}.lock" for name, identity in found.items()})


def of_cluster(device: str, *resources: Mapping[str, object] | None) -> int:
    """CUDA devices that a job of a cluster asks for as ``gpu``: one where the study computes on CUDA.

    None where its ``resources``, those of all rules or of its own, name ``gres``: that asks for them already.
    """
    return int(device == "cuda" and not any("gres" in named for named in resources if named))


def take() -> None:
    """Take a free one of the devices that are offered, or the first that becomes free, and see no other.

    It is this process's until it ends, however it ends. Without an offer nothing is done: on a cluster, which gives a
    job its devices itself, and where the study asks for the CPU.
    """
    offered: dict[str, str] = json.loads(os.environ.get(DEVICES, "{}"))
    waiting = False
    while offered:
        for name, path in offered.items():
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                continue
            os.environ[VISIBLE] = name  # the descriptor stays open: the lock lasts as long as it
            return
        if not waiting:
            print(f"waiting: all {len(offered)} devices are taken by other jobs", flush=True)
            waiting = True
        time.sleep(POLL_SECONDS)
