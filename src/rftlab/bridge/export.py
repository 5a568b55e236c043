"""A variant of a study as a trainer's configuration file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rftlab.bridge import trl, verl
from rftlab.bridge.page import page, told
from rftlab.bridge.to_trl import to_trl
from rftlab.bridge.to_verl import to_verl
from rftlab.errors import BadInputError, did_you_mean
from rftlab.study.read import load_study
from rftlab.study.variants import variants_of

FRAMEWORKS = {"trl": (f"{trl.NAME}, on one device", to_trl), "verl": (verl.NAME, to_verl)}
"""What a file is for, and what makes it."""


def exported(files: Sequence[Path], name: str, framework: str) -> tuple[str, list[str]]:
    """The file's text, and a line for each thing that the framework does otherwise.

    Args:
        files: of the study.
        name: of the variant: ``baseline``, or ``factor/level``.
        framework: ``trl`` or ``verl``.

    Raises:
        BadInputError: there is no such variant, or the framework cannot express it.
    """
    where = ", ".join(map(str, files))
    if any(file.is_dir() for file in files):
        raise BadInputError(f"{where}: a study file is needed to export a variant, not a folder")
    study = load_study(*files, unlocked=True)
    variants = variants_of(study)
    if name not in variants:
        raise BadInputError(f"{where}: {name!r} is not one of {', '.join(variants)}{did_you_mean(name, [*variants])}")
    variant, (purpose, convert) = variants[name], FRAMEWORKS[framework]
    config, remarks = convert(variant.config, variant.rounds(study), f"{where}: {name}")
    return page(f"{name} of {where}, for {purpose}.", config, remarks), told(remarks)
