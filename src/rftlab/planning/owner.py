"""Which study file a study's results belong to: two with one ``study:`` would overwrite each other's in silence."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rftlab.errors import BadInputError
from rftlab.files import write_json
from rftlab.runfolder.read import read_document

OWNER = "study_file.json"


def refuse_other_file(folder: Path, study_files: Sequence[str | Path]) -> None:
    """Refuse to make results in a folder that another study file, or other ones merged, made results in.

    Raises:
        BadInputError: naming both, and the two ways out; or what says whose results they are cannot be read.
    """
    owner = folder / OWNER
    if not owner.exists():
        return
    made_by, now = read_document(owner).get("study_files"), _names(study_files)
    if not isinstance(made_by, list):
        raise BadInputError(f"{owner}: study_files: a list of study files is needed, not {made_by!r}; remove the file")
    if made_by != now:
        theirs, ours = " and ".join(map(str, made_by)), " and ".join(now)
        raise BadInputError(
            f"{ours}: study: {folder} holds the results of {theirs}, which has the same name; give this one another, "
            f"or, if it has taken the place of {theirs}, remove {owner}"
        )


def claim(folder: Path, study_files: Sequence[str | Path]) -> None:
    """Write down whose results a folder holds."""
    write_json(folder / OWNER, {"study_files": _names(study_files)})


def _names(study_files: Sequence[str | Path]) -> list[str]:
    """Paths below the working folder, which can be moved as a whole; others as they are; and where there is no file."""
    here = Path.cwd()
    paths = [Path(file).resolve() for file in study_files]
    names = [str(path.relative_to(here) if path.is_relative_to(here) else path) for path in paths]
    return names or ["--config"]
