"""Which study file a study's results belong to: two with one ``study:`` would overwrite each other's in silence."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rftlab.errors import BadInputError
from rftlab.files import read_json, write_json

OWNER = "study_file.json"


def refuse_other_file(folder: Path, study_files: Sequence[str | Path]) -> None:
    """Refuse to make results in a folder that another study file, or other ones merged, made results in.

    Raises:
        BadInputError: naming both, and the two ways out.
    """
    owner = folder / OWNER
    if not owner.exists():
        return
    made_by, now = read_json(owner)["study_files"], _names(study_files)
    if made_by != now:
        theirs, ours = " and ".join(made_by), " and ".join(now)
        raise BadInputError(
            f"{ours}: study: {folder} holds the results of {theirs}, which has the same name; give this one another, "
            f"or, if it has taken the place of {theirs}, remove {owner}"
        )


def claim(folder: Path, study_files: Sequence[str | Path]) -> None:
    """Write down whose results a folder holds."""
    write_json(folder / OWNER, {"study_files": _names(study_files)})


def _names(study_files: Sequence[str | Path]) -> list[str]:
    """Paths below the working folder, which can be moved as a whole; others as they are."""
    here = Path.cwd()
    paths = [Path(file).resolve() for file in study_files]
    return [str(path.relative_to(here) if path.is_relative_to(here) else path) for path in paths]
