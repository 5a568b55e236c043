"""The lock beside a study, ``<study>.lock``: the commit and file digests of everything it takes from the model hub.

``rftlab fetch STUDY`` writes it. Planning reads it and asks nobody: no hub, no cache. A lock is YAML::

    models:
    - id: Qwen/Qwen2.5-0.5B-Instruct
      revision: main
      commit: …
      architecture: qwen2
      …
      files: {config.json: …}
    datasets:
    - id: openai/gsm8k
      name: main
      revision: main
      commit: …
      splits: {train: {records: 7473, files: {main/train-00000-of-00001.parquet: …}}}
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from rftlab.errors import BadInputError
from rftlab.files import write_text
from rftlab.study.query_sources import DatasetLock, HubSource
from rftlab.study.schema import Study
from rftlab.study.section import first_error
from rftlab.study.sources import HubModel, ModelLock
from rftlab.study.yaml_file import read_yaml

IDENTITY = {"models": ("id", "revision"), "datasets": ("id", "name", "revision")}
LOCKS: dict[str, type[ModelLock] | type[DatasetLock]] = {"models": ModelLock, "datasets": DatasetLock}
HEADING = (
    "# Written by `rftlab fetch {study}`; commit it with the study. `rftlab fetch --renew` looks for newer commits.\n"
)

Lock = dict[str, list[dict[str, Any]]]
"""``models`` and ``datasets``: what identifies each in a study, and what it is locked to."""

Entry = TypeVar("Entry", ModelLock, DatasetLock)


def lock_path(study: str | Path) -> Path:
    """Where a study's lock is."""
    return Path(study).with_suffix(".lock")


def read_lock(path: Path) -> Lock:
    """Read a lock; where there is no file, an empty one.

    Raises:
        BadInputError: it is not a lock.
    """
    if not path.is_file():
        return {kind: [] for kind in IDENTITY}
    content = read_yaml(path)
    for kind, keys in IDENTITY.items():
        entries = content.get(kind)
        if not isinstance(entries, list) or not all(
            isinstance(entry, dict) and set(keys) <= entry.keys() for entry in entries
        ):
            raise BadInputError(f"{path}: {kind}: a list of {', '.join(keys)}, … is needed; `rftlab fetch` writes it")
        for entry in entries:
            try:
                LOCKS[kind].model_validate({key: value for key, value in entry.items() if key not in keys})
            except ValidationError as error:
                raise BadInputError(f"{path}: {entry['id']}: {first_error(error)}; `rftlab fetch` writes it") from None
    return {kind: content[kind] for kind in IDENTITY}


def read_locks(files: Sequence[str | Path]) -> Lock:
    """What the locks beside a study's files say, those of the last file first.

    Raises:
        BadInputError: as :func:`read_lock`.
    """
    locks = [read_lock(lock_path(file)) for file in files]
    return {kind: [entry for one in reversed(locks) for entry in one[kind]] for kind in IDENTITY}


def write_lock(path: Path, lock: Lock, study: str | Path) -> None:
    """Write a lock, the same bytes for the same content."""
    text = yaml.safe_dump(lock, sort_keys=False, width=120, allow_unicode=True)
    write_text(path, HEADING.format(study=study) + text)


def hub_sources(study: Study) -> Iterator[tuple[str, str, HubModel | HubSource]]:
    """``(key, kind, source)`` of everything a study takes from the hub."""
    for name, model in study.models.items():
        if isinstance(model, HubModel):
            yield f"models.{name}", "models", model
    for section in ("datasets", "evaluation_sets"):
        for name, source in getattr(study, section).items():
            if isinstance(source, HubSource):
                yield f"{section}.{name}", "datasets", source


def identity(kind: str, source: HubModel | HubSource) -> dict[str, str | None]:
    """What identifies a source in a lock."""
    return {key: getattr(source, key) for key in IDENTITY[kind]}


def lock_entry(lock: Mapping[str, Sequence[Mapping[str, Any]]], kind: str, source: HubModel | HubSource) -> Any | None:
    """What the lock says of a source; None where it has no such entry, or one without a split the source names."""
    identifiers = identity(kind, source)
    for entry in lock[kind]:
        if {key: entry[key] for key in identifiers} == identifiers:
            content = LOCKS[kind].model_validate({key: value for key, value in entry.items() if key not in identifiers})
            if isinstance(source, HubSource) and not set(source.splits.values()) <= set(getattr(content, "splits", ())):
                return None
            return content
    return None


def with_lock(study: Study, files: Sequence[str | Path], *, unlocked: bool = False) -> Study:
    """A study whose hub sources know their commits and digests, from the locks beside its files.

    Without files, the study is one that was given to a job: its sources know them already. ``unlocked``: without any
    lock the sources know nothing, and no error is raised.

    Raises:
        BadInputError: there is no lock, or it does not match the study, with the command that writes it; or a source
            has commits that somebody wrote into the study.
    """
    sources = list(hub_sources(study))
    if not files or not sources:
        return study
    lock = read_locks(files)
    path, command = lock_path(files[-1]), f"`rftlab fetch {shlex.join(map(str, files))}`"
    for key, _, source in sources:
        if "lock" in source.model_fields_set:
            raise BadInputError(f"{key}: unknown key 'lock'; commits are in {path}, which {command} writes")
    there_is_one = any(lock_path(file).is_file() for file in files)
    if unlocked and not there_is_one:
        return study
    updates: dict[str, dict[str, Any]] = {"models": {}, "datasets": {}, "evaluation_sets": {}}
    for key, kind, source in sources:
        entry = lock_entry(lock, kind, source)
        if entry is None and not there_is_one:
            ids = list(dict.fromkeys(other.id for _, _, other in sources))
            raise BadInputError(
                f"{key}: {source.id} is on the model hub and there is no {path}: run {command} beforehand, on a "
                f"machine that reaches the hub, such as a login node; it fetches {', '.join(ids)}"
            )
        if entry is None:
            difference = _difference(lock, kind, source)
            raise BadInputError(f"{key}: {path} no longer matches: {difference}; {command} renews it")
        section, name = key.split(".", 1)
        updates[section][name] = source.model_copy(update={"lock": entry})
    return study.model_copy(
        update={section: {**getattr(study, section), **entries} for section, entries in updates.items() if entries}
    )


def _difference(lock: Mapping[str, Sequence[Mapping[str, Any]]], kind: str, source: HubModel | HubSource) -> str:
    identifiers = identity(kind, source)
    same_id = [entry for entry in lock[kind] if entry["id"] == source.id]
    if not same_id:
        return f"it has no {source.id}"
    for entry in same_id:
        if {key: entry[key] for key in identifiers} == identifiers:
            theirs = getattr(source, "splits", {}).values()
            lacking = [split for split in theirs if split not in entry["splits"]]
            return f"it has no split {', '.join(map(repr, lacking))} of {source.id}"
    key = next(key for key in identifiers if same_id[0][key] != identifiers[key])
    return f"it has {source.id} at {key} {same_id[0][key]!r}, the study asks for {identifiers[key]!r}"
