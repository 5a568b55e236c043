"""What studies share: data and base models, each at a path that its own configuration gives."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rftlab.files import canonical_json, digest, file_sha256
from rftlab.models.pin_path import pin_path
from rftlab.planning.fingerprint import fingerprint
from rftlab.policies.weights import INDEX, WEIGHTS
from rftlab.provenance import package_versions
from rftlab.rewards.scoring import verifiers
from rftlab.study.check_models import CONFIG_FILES, weights
from rftlab.study.owners import content_of, verifier_of
from rftlab.study.query_sources import QuerySource
from rftlab.study.schema import Study
from rftlab.study.sources import DatasetSplit, DirectoryModel, GgufModel, HubModel, TinyModel


class Resources:
    """Paths and configurations of a study's datasets and base models."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.model = functools.cache(self._model)
        """Resolved configuration of a base model, by its name: a tiny one holds the configuration of its tasks."""
        self.versions = functools.cache(package_versions)  # asked for by every job; packages are looked for once a plan

    def code(self, *modules: str, files: Iterable[Path] = ()) -> str:
        """Fingerprint of a job's code; with that of the packages' versions, where the study asks for it."""
        code = fingerprint(*modules, files=files)
        return digest([code, self.versions()]) if self.study.package_versions else code

    # data ------------------------------------------------------------------------------------------------------------

    @functools.cached_property
    def sources(self) -> dict[str, QuerySource]:
        """Every dataset, and every evaluation set with queries of its own."""
        own = {name: s for name, s in self.study.evaluation_sets.items() if not isinstance(s, DatasetSplit)}
        return {**self.study.datasets, **own}

    @functools.cached_property
    def data(self) -> dict[str, dict[str, Any]]:
        """Configuration that the data stage is given, of each source."""
        return {name: source.content() for name, source in self.sources.items()}

    @functools.cached_property
    def data_digests(self) -> dict[str, str]:
        """What identifies each dataset: its configuration and the bytes of the files it names, not their times."""
        return {
            name: digest([config, {s: file_sha256(Path(p)) for s, p in config.get("files", {}).items()}])
            for name, config in self.data.items()
        }

    def data_folder(self, name: str) -> str:
        """Folder of a dataset's splits."""
        return f"resources/data/{name}/{self.data_digests[name]}"

    def data_file(self, name: str, split: str) -> str:
        """Path of one split of a dataset or of an evaluation set of its own."""
        return f"{self.data_folder(name)}/{split}.jsonl"

    def splits(self, name: str) -> tuple[str, ...]:
        """Splits a dataset has."""
        return self.sources[name].split_names

    def data_files(self) -> list[str]:
        """Path of every split of every source."""
        return [self.data_file(name, split) for name in self.data for split in self.splits(name)]

    def data_params(self, name: str) -> dict[str, str]:
        """Params of a dataset's job."""
        reader = f"rftlab.data.sources.{self.sources[name].source}"
        return {"code": self.code("rftlab.data.__main__", reader), "config": canonical_json(self.data[name])}

    # models ----------------------------------------------------------------------------------------------------------

    def _model(self, name: str) -> dict[str, Any]:
        model = self.study.models[name]
        if isinstance(model, HubModel):
            return model.content()
        if not isinstance(model, TinyModel):
            return model.model_dump()
        tasks = {}
        for task, weight in model.train_on.items():
            trained = task in self.study.datasets
            source = self.study.datasets[task] if trained else self.study.evaluation_sets[task]
            content = content_of(self.study, source)
            low, goal, high = model.trained_range if trained else model.other_range
            shape = {k: v for k, v in content.items() if k not in ("seed", "sizes")}  # more queries are no other task
            verifier = verifier_of(self.study, source)
            limits = {"low": low, "goal": goal, "high": high}
            tasks[task] = {"dataset": shape, "weight": weight, "verifier": verifier, **limits}
        skipped = {"train_on", "trained_range", "other_range"}
        return {**model.model_dump(exclude=skipped), "tasks": tasks}

    def model_folder(self, name: str) -> str:
        """Directory of a base model; the Hugging Face files are in its ``model``, its manifest is ``model.json``."""
        return f"resources/models/{name}/{digest(self.model(name))}"

    def model_files(self, name: str) -> list[str]:
        """The study's own files a base model is made from: one that changes makes the model anew."""
        model = self.study.models[name]
        if isinstance(model, DirectoryModel):
            files = weights(f"models.{name}", model)
            return [
                f"{model.path}/{file}" for file in (*CONFIG_FILES, *files, *([INDEX] if files != [WEIGHTS] else []))
            ]
        return [model.path] if isinstance(model, GgufModel) and model.path else []

    def model_params(self, name: str) -> dict[str, str]:
        """Params of a base model's job."""
        config = self.model(name)
        modules = {
            module for task in config.get("tasks", {}).values() for module in verifiers(task["verifier"]).modules
        }
        pin = pin_path(config)
        pinned = [pin] if config["source"] == "tiny" and pin.is_file() else []
        return {"code": self.code("rftlab.models.build", *modules, files=pinned), "config": canonical_json(config)}
