"""``rftlab fetch STUDY``: what a study takes from the model hub, resolved to commits, downloaded and locked.

Everything lands in the Hugging Face cache, so that jobs without a network find it; the lock beside the study says what
exactly that is. What the lock has already keeps its commit unless it is to be renewed.
"""

from __future__ import annotations

import dataclasses
import json
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rftlab import hub
from rftlab.data.sources import source_of
from rftlab.data.sources.hub import Repository, SplitFiles, rows
from rftlab.errors import BadInputError
from rftlab.files import canonical_json, file_sha256
from rftlab.jobs.environment import naming
from rftlab.policies.weights import INDEX, WEIGHTS, shards
from rftlab.study.check_models import check_chat
from rftlab.study.check_names import check_names
from rftlab.study.lock import (
    IDENTITY,
    Lock,
    hub_sources,
    identity,
    lock_entry,
    lock_path,
    read_locks,
    with_lock,
    write_lock,
)
from rftlab.study.query_sources import HubSource
from rftlab.study.schema import Study
from rftlab.study.section import first_error
from rftlab.study.sources import HubModel, Model
from rftlab.study.yaml_file import read_files

SETTINGS = (".json", ".jinja")  # files of a model besides its weights
NOT_OPTIONS = {"name", "version", "data_dir", "data_files", "description", "features"}  # of a reader
Say = Callable[[str], None]


def fetch(files: Sequence[Path], say: Say, *, renew: bool = False) -> Path | None:
    """Fetch a study's models and datasets and write its lock; None where it takes nothing from the hub.

    A study of several files, merged as Snakemake does, has its lock beside the last one.

    Raises:
        BadInputError: the study is not valid, or something cannot be fetched or is not what the study takes it for.
    """
    command = shlex.join(map(str, files))
    with naming(command):
        return _fetch(files, command, say, renew=renew)


def _fetch(files: Sequence[Path], command: str, say: Say, *, renew: bool) -> Path | None:
    where, path = ", ".join(map(str, files)), lock_path(files[-1])
    content = read_files(files)
    try:
        study = Study.model_validate(content)
        check_names(study)
    except ValidationError as error:
        raise BadInputError(f"{where}: {first_error(error)}") from None
    except BadInputError as error:
        raise BadInputError(f"{where}: {error}") from None
    sources = list(hub_sources(study))
    if not sources:
        return None
    before = {kind: [] for kind in IDENTITY} if renew else read_locks(files)
    lock: Lock = {kind: [] for kind in IDENTITY}
    for key, kind, source in distinct(sources):
        try:
            entry = entry_of_lock(lock_entry(before, kind, source), source) or new_entry(source)
        except BadInputError as error:
            raise BadInputError(f"{where}: {key}: {error}") from None
        lock[kind].append({**identity(kind, source), **entry})
        say(f"{source.id}: commit {entry['commit']}")
    write_lock(path, lock, command)
    locked = with_lock(study, files)
    for name, model in locked.models.items():
        try:
            _check_chats(model, locked)
        except BadInputError as error:
            raise BadInputError(f"{where}: models.{name}: {error}") from None
    for key, _, source in hub_sources(locked):
        if isinstance(source, HubSource):
            try:
                splits = source_of(source.content()).read()
            except BadInputError as error:
                raise BadInputError(f"{where}: {key}: {error}") from None
            say(f"{key}: " + ", ".join(f"{len(split.queries)} queries {name}" for name, split in splits.items()))
    return path


def _check_chats(model: Model, study: Study) -> None:
    """Try the chat template of a hub model, which planning cannot read, with the prompts of a study."""
    chats = {f"datasets.{name}": dataset.prompt for name, dataset in study.datasets.items() if dataset.prompt.chat}
    if not chats or not isinstance(model, HubModel) or not model.lock or not model.lock.chat_template:
        return
    settings = {name: digest for name, digest in model.lock.files.items() if name.endswith(SETTINGS)}
    folder = hub.files("model", model.id, model.lock.commit, settings)["config.json"].parent
    for key, prompt in chats.items():
        check_chat(key, folder, prompt)


def distinct(sources: list[tuple[str, str, HubModel | HubSource]]) -> list[tuple[str, str, HubModel | HubSource]]:
    """Every repository at a revision once, a dataset with the splits that any source takes of it."""
    merged: dict[str, tuple[str, str, HubModel | HubSource]] = {}
    for key, kind, source in sources:
        name = canonical_json([kind, identity(kind, source)])
        if name in merged and isinstance(source, HubSource):
            key, _, other = merged[name]
            splits = {*source.splits.values(), *getattr(other, "splits", {}).values()}
            source = source.model_copy(update={"splits": {split: split for split in sorted(splits)}})
        merged[name] = (key, kind, source)
    return list(merged.values())


def entry_of_lock(lock: Any | None, source: HubModel | HubSource) -> dict[str, Any] | None:
    """The entry of a source that a lock has already, its files fetched where they are missing from the cache."""
    if lock is None:
        return None
    entry: dict[str, Any] = lock.model_dump()
    if isinstance(source, HubModel):
        hub.files("model", source.id, lock.commit, lock.files)
        return entry
    entry["splits"] = {split: entry["splits"][split] for split in sorted(set(source.splits.values()))}
    for split in entry["splits"].values():
        hub.files("dataset", source.id, lock.commit, split["files"])
    return entry


def new_entry(source: HubModel | HubSource) -> dict[str, Any]:
    """What a source is locked to from now on."""
    return lock_model(source) if isinstance(source, HubModel) else lock_dataset(source)


def lock_model(model: HubModel) -> dict[str, Any]:
    """Download a model and return what it is locked to.

    Raises:
        BadInputError: it cannot be had, or has no safetensors or no fast tokenizer.
    """
    commit = hub.resolve("model", model.id, model.revision)
    names = [name for name in commit.files if "/" not in name and name.endswith(SETTINGS)]
    for needed in ("config.json", "tokenizer.json"):
        if needed not in names:
            raise BadInputError(f"{model.id} holds no {needed}, which is needed")
    settings = {name: hub.download("model", model.id, commit.sha, name) for name in names}
    if WEIGHTS in commit.files:
        weights = [WEIGHTS]
        settings.pop(INDEX, None)
    elif INDEX in settings:
        weights = shards(settings[INDEX].parent)
    else:
        raise BadInputError(f"{model.id} holds no safetensors ({WEIGHTS}); pickled weights are never loaded")
    paths = settings | {name: hub.download("model", model.id, commit.sha, name) for name in weights}
    config = json.loads(paths["config.json"].read_text(encoding="utf-8"))
    tokenizer = (
        json.loads(paths["tokenizer_config.json"].read_text(encoding="utf-8"))
        if ("tokenizer_config.json" in paths)
        else {}
    )
    return {
        "commit": commit.sha,
        "architecture": config.get("model_type"),
        "context": config.get("max_position_embeddings"),
        "chat_template": bool(tokenizer.get("chat_template")) or "chat_template.jinja" in paths,
        "parameters": sum(_parameters(paths[name]) for name in weights),
        "files": {name: file_sha256(paths[name]) for name in sorted(paths)},
    }


def _parameters(path: Path) -> int:
    """Numbers in a safetensors file, from its header."""
    from math import prod

    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            return sum(prod(file.get_slice(name).get_shape()) for name in file.keys())  # noqa: SIM118  (no mapping)
    except (SafetensorError, OSError) as error:
        raise BadInputError(f"{path.name} is no whole safetensors file: {error}") from None


def lock_dataset(source: HubSource) -> dict[str, Any]:
    """Download splits of a dataset and return what they are locked to.

    Which files a split is made of, and how they are read, is what ``datasets`` finds out itself.

    Raises:
        BadInputError: it cannot be had, or has no such configuration or split.
    """
    commit = hub.resolve("dataset", source.id, source.revision)
    builder = hub.ask("dataset", source.id, source.revision, lambda: _builder(source, commit.sha))
    known: dict[str, list[str]] = {str(split): list(files) for split, files in builder.config.data_files.items()}
    entries = {}
    default = type(builder.config)()
    options = {
        field.name: value
        for field in dataclasses.fields(builder.config)
        if field.name not in NOT_OPTIONS
        and (value := getattr(builder.config, field.name)) != getattr(default, field.name)
    }
    try:
        json.dumps(options)
    except TypeError:
        raise BadInputError(f"{source.id}: its reader {_reader(builder)} has settings that no lock can hold") from None
    for split in sorted(set(source.splits.values())):
        if split not in known:
            raise BadInputError(f"splits: {source.id} has no split {split!r}; it has {', '.join(map(repr, known))}")
        root = f"hf://datasets/{source.id}@{commit.sha}/"
        if not all(file.startswith(root) for file in known[split]):
            raise BadInputError(
                f"{source.id}: split {split!r} has files that are not in this repository at {commit.sha}"
            )
        names = [file.removeprefix(root) for file in known[split]]
        digests = {name: file_sha256(hub.download("dataset", source.id, commit.sha, name)) for name in names}
        repository = Repository(source.id, commit.sha, _reader(builder), options)
        entries[split] = {"records": sum(1 for _ in rows(repository, SplitFiles(split, digests))), "files": digests}
    return {"commit": commit.sha, "reader": _reader(builder), "options": options, "splits": entries}


def _builder(source: HubSource, commit: str) -> Any:
    import datasets

    datasets.config.HF_UPDATE_DOWNLOAD_COUNTS = False
    datasets.disable_progress_bars()
    try:
        return datasets.load_dataset_builder(
            f"hf://datasets/{source.id}", source.name, revision=commit, token=hub.token()
        )
    except (ValueError, RuntimeError, FileNotFoundError) as error:  # an unknown configuration, a script, no data files
        raise BadInputError(f"{source.id}: {error}") from None


def _reader(builder: Any) -> str:
    """Name of the packaged reader: the module of the builder's class."""
    return str(type(builder).__module__.rpartition(".")[2])
