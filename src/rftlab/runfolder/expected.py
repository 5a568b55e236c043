"""``expected.json``: what every run and evaluation of a study must have been made with.

Planning writes it, tables compare.
Snakemake decides which jobs run again. This file is there so that no report depends on that: what lies in a folder and
was made with anything else is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from rftlab.errors import BadInputError
from rftlab.runfolder.read import read_document

EXPECTED = "expected.json"


@dataclass(frozen=True)
class Job:
    """What a job is given: the fingerprint of its code and its resolved configuration."""

    code: str
    config: Mapping[str, Any]


@dataclass(frozen=True)
class Expected:
    """The content of ``expected.json``: folder of a run → its training, file of outcomes → its evaluation."""

    runs: Mapping[str, Job]
    evaluations: Mapping[str, Job]


CONTENT = TypeAdapter(Expected)


def read_expected(path: Path) -> Expected:
    """Read a study's ``expected.json``.

    Raises:
        BadInputError: no such file, or not one of these.
    """
    try:
        return CONTENT.validate_json(json.dumps(read_document(path)), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"]))
        raise BadInputError(f"{path}: not what runs are compared with: {key}: {first['msg']}") from None
