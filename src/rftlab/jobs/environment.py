"""Environment variables that Snakemake hands to its jobs: what no result depends on, so that it is no param."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rftlab.errors import BadInputError

STUDY = "RFTLAB_STUDY"
"""The study files that a job belongs to, as a shell takes them: messages name them."""

STATE_CONFIG = "RFTLAB_STATE"
"""The study's section ``state``, as JSON."""

SUPERVISOR = "RFTLAB_SUPERVISOR"
"""``host:pid`` of the Snakemake that runs the stage."""

SERVER = "RFTLAB_WARMSTART"
"""Folder of the socket of the server that forks stages."""

DEVICES = "RFTLAB_DEVICES"
"""CUDA devices of which a job takes one, as JSON: name → file of its lock."""


@contextmanager
def naming(study: str) -> Iterator[None]:
    """Within it, messages of this process and of those it starts name ``study``: its files, as a shell takes them."""
    before = os.environ.get(STUDY)
    os.environ[STUDY] = study
    try:
        yield
    finally:
        if before is None:
            del os.environ[STUDY]
        else:
            os.environ[STUDY] = before


def refuse_unencodable(study: str) -> None:
    """Refuse a study that this process cannot pass on: programs get arguments in the encoding of its locale.

    Raises:
        BadInputError: with a character that the encoding lacks, and the way out.
    """
    try:
        os.fsencode(study)
    except UnicodeEncodeError as error:
        code = ord(study[error.start])
        raise BadInputError(
            f"the study holds the character U+{code:04X}, which jobs cannot be given in this locale "
            f"({sys.getfilesystemencoding()}): set LC_ALL=C.UTF-8, or PYTHONUTF8=1"
        ) from None
