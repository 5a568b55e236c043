"""What a schema cannot say: names that fit together, splits that exist, data that can be read and does not overlap."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

from rftlab import levels, modelfiles
from rftlab.data import procedural, reasoning_gym, stage
from rftlab.data.queries import DataError, Query, check_overlap
from rftlab.datacheck import check_answers, refuse_leaks, refuse_overlap
from rftlab.errors import BadInputError
from rftlab.querysources import HubSource
from rftlab.schema import Study
from rftlab.sources import (
    Dataset,
    DatasetSplit,
    DirectoryModel,
    EvaluationSet,
    GgufModel,
    HubModel,
    Prompt,
    TinyModel,
)
from rftlab.templating import render

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
MOST_QUERIES = 1_000_000  # of a generated split; planning generates them to look for queries that are trained on
RESERVED = {"baseline", "again", "base", "noise_floor"}
TAKEN = {
    "mlflow.db",
    "mlflow.db-journal",
    "mlflow.db-wal",
    "mlflow.db-shm",
    "mlartifacts",
}  # beside the studies' folders
VERIFIERS = {"procedural": "marked", "reasoning_gym": "exact"}  # of a source; others: gsm8k_strict
LATER = (
    "hub",
    "reasoning_gym",
)  # sources that planning does not read: the data and datacheck stages do, before training


def check_names(study: Study) -> None:
    """Refuse names that cannot be file names, and references to what does not exist.

    Raises:
        BadInputError: naming the key.
    """
    for key, names in {
        "study": [study.study],
        "models": study.models,
        "datasets": study.datasets,
        "evaluation_sets": study.evaluation_sets,
        "factors": study.factors,
        **{f"factors.{factor}": entries for factor, entries in study.factors.items()},
    }.items():
        _file_names(key, names)
    if study.study in TAKEN:
        raise BadInputError(f"study: {study.study!r} is taken by MLflow's files in results/; choose another name")
    for key, names in (("factors", study.factors), ("datasets", study.datasets)):
        for name in names:
            if name in RESERVED:
                raise BadInputError(f"{key}.{name}: this name is taken; so are {', '.join(sorted(RESERVED - {name}))}")
    for name in sorted(set(study.datasets) & set(study.evaluation_sets)):
        raise BadInputError(f"evaluation_sets.{name}: a dataset has this name already; names must differ")
    for name, evaluation_set in study.evaluation_sets.items():
        if isinstance(evaluation_set, DatasetSplit):
            _known(f"evaluation_sets.{name}.dataset", evaluation_set.dataset, study.datasets)
    for key, source in (
        *((f"datasets.{name}", dataset) for name, dataset in study.datasets.items()),
        *((f"evaluation_sets.{name}", evaluation_set) for name, evaluation_set in study.evaluation_sets.items()),
    ):
        if source.verifier is not None:
            _known(f"{key}.verifier", source.verifier, levels.names("rewards"))
    listed = [*study.evaluation.id, *study.evaluation.ood]
    for key, names in (("id", study.evaluation.id), ("ood", study.evaluation.ood)):
        for name in names:
            _known(f"evaluation.{key}", name, study.evaluation_sets)
            if listed.count(name) > 1:
                raise BadInputError(f"evaluation.{key}: {name!r} is listed twice in id and ood")
    for name in study.evaluation.id:
        if not isinstance(study.evaluation_sets[name], DatasetSplit):
            raise BadInputError(f"evaluation.id: {name!r} is not a split of a training dataset; list it under ood")
    for name in sorted(set(study.evaluation_sets) - set(listed)):
        raise BadInputError(
            f"evaluation_sets.{name}: used by neither evaluation.id nor evaluation.ood; list it or remove it"
        )
    for dataset in study.datasets:
        if not any(
            _of(study.evaluation_sets[s]) == dataset and study.evaluation_sets[s].split == "test"
            for s in study.evaluation.id
        ):
            raise BadInputError(f"evaluation.id: no test split of dataset {dataset!r}; every dataset needs one")
    for name, model in study.models.items():
        if isinstance(model, TinyModel):
            _check_tiny(study, name, model)


def check_data(study: Study) -> None:
    """Read every file a study names, and look for evaluation queries that are trained on.

    What is on the hub is known by the lock alone; of a study without one, only what the study itself says.

    Raises:
        BadInputError: naming key, file and line.
    """
    chat = any(dataset.prompt.chat for dataset in study.datasets.values())
    for name, model in study.models.items():
        if isinstance(model, DirectoryModel):
            modelfiles.check_directory(f"models.{name}", model, chat=chat)
        if isinstance(model, GgufModel):
            modelfiles.check_gguf(f"models.{name}", model)
        if isinstance(model, HubModel) and chat and model.locked and not model.locked.chat_template:
            raise BadInputError(
                f"models.{name}: {model.id} has no chat template; set prompt.chat of the datasets to false"
            )
    loaded: dict[str, dict[str, list[Query]]] = {}
    for name, dataset in study.datasets.items():
        key = f"datasets.{name}"
        _split_exists(key, dataset, "train")
        if dataset.source in LATER:
            _check_later(key, dataset.source)
            continue
        loaded[name] = _load(key, dataset.content())
        check_answers(key, verifier_of(study, dataset), loaded[name]["train"])
    queries: dict[str, list[Query]] = {}
    for name, evaluation_set in study.evaluation_sets.items():
        key, source = f"evaluation_sets.{name}", owner_of(study, evaluation_set)
        _split_exists(key, source, evaluation_set.split)
        if source.source in LATER:
            _check_later(key, source.source)
            continue
        of = _of(evaluation_set)
        splits = loaded[of] if of else _load(key, source.content())
        queries[name] = splits[evaluation_set.split][: evaluation_set.limit_queries]
        check_answers(key, verifier_of(study, evaluation_set), queries[name])
        for trained, read in loaded.items():
            if source.source == study.datasets[trained].source == "procedural":
                continue  # a query's text decides its split: procedural splits never overlap
            shared = check_overlap(read["train"], queries[name])
            refuse_overlap(key, trained, shared, len(queries[name]), evaluation_set.overlap)
    refuse_leaks(queries, {name: study.evaluation_sets[name].split for name in queries})


def check_contexts(study: Study, response: int) -> None:
    """Refuse prompts and responses that are longer together than a model's context, where planning knows it.

    ``response`` is the longest response of any variant; training and evaluation look again, at the prompts they have.

    Raises:
        BadInputError: naming model and dataset.
    """
    longest = max(response, study.evaluation.max_new_tokens or 0)
    for name, model in study.models.items():
        if isinstance(model, DirectoryModel):
            context = modelfiles.context(f"models.{name}", model)
        else:
            context = model.locked.context if isinstance(model, HubModel) and model.locked else None
        for dataset, entry in study.datasets.items():
            prompt = entry.prompt.max_tokens or 1
            if context is not None and prompt + longest > context:
                raise BadInputError(
                    f"models.{name}: its context of {context} tokens is shorter than a prompt of {prompt} and a "
                    f"response of {longest}; lower datasets.{dataset}.prompt.max_tokens or max_new_tokens"
                )


def owner_of(study: Study, source: Dataset | EvaluationSet) -> Any:
    """What names the source of queries: the dataset that an evaluation set is a split of, or itself."""
    return study.datasets[source.dataset] if isinstance(source, DatasetSplit) else source


def content_of(study: Study, source: Dataset | EvaluationSet) -> dict[str, Any]:
    """The data configuration queries come from: a source's own, or its dataset's."""
    return dict(owner_of(study, source).content())


def verifier_of(study: Study, source: Dataset | EvaluationSet) -> str:
    """Name of the verifier of a dataset or evaluation set: its own, its dataset's, or that of its kind of source."""
    owner = owner_of(study, source)
    usual = "choice" if "choices" in getattr(owner, "fields", ()) else VERIFIERS.get(owner.source, "gsm8k_strict")
    return source.verifier or owner.verifier or usual


def _of(evaluation_set: EvaluationSet) -> str | None:
    return evaluation_set.dataset if isinstance(evaluation_set, DatasetSplit) else None


def _file_names(key: str, names: Iterable[str]) -> None:
    for name in names:
        if not NAME.fullmatch(str(name)):
            raise BadInputError(
                f"{key}: {name!r} cannot be a name: letters, digits, '_', '.', '-', "
                "at most 64, the first a letter or digit"
            )


def _known(key: str, name: str, known: Iterable[str]) -> None:
    if name not in known:
        raise BadInputError(f"{key}: {name!r} is not one of {', '.join(known)}{levels.did_you_mean(name, list(known))}")


def _split_exists(key: str, source: Any, split: str) -> None:
    names = list(source.splits) if isinstance(source, HubSource) else stage.split_names(source.content())
    if split not in names:
        raise BadInputError(f"{key}: there is no split {split!r}; it has {', '.join(names)}")


def _load(key: str, content: Mapping[str, Any]) -> dict[str, list[Query]]:
    for split, path in content.get("files", {}).items():
        if os.path.exists(path) and not os.path.isfile(path):  # noqa: PTH110, PTH113  (a pipe would wait for ever)
            raise BadInputError(f"{key}: files.{split}: {path} is no file; a file of records is needed")
    for split, size in content.get("sizes", {}).items():
        if size > MOST_QUERIES:
            raise BadInputError(f"{key}: sizes.{split}: at most {MOST_QUERIES} queries can be generated, not {size}")
    try:
        return stage.load(content).splits
    except DataError as error:
        raise BadInputError(f"{key}: {error}") from None


def _check_later(key: str, source: str) -> None:
    if source == "reasoning_gym":
        try:
            reasoning_gym.check_installed()
        except DataError as error:
            raise BadInputError(f"{key}: {error}") from None


def _check_tiny(study: Study, name: str, model: TinyModel) -> None:
    sources = study.datasets | study.evaluation_sets
    for task in model.train_on:
        _known(f"models.{name}.train_on", task, sources)
    alphabet: set[str] = set()
    for task in model.train_on:
        content = _procedural(study, f"models.{name}.train_on.{task}", sources[task])
        alphabet |= set(procedural.charset(content))
    for dataset in study.datasets:
        _check_tiny_prompt(f"datasets.{dataset}.prompt", name, study.datasets[dataset].prompt, alphabet)
    for other in sources:
        if other in study.datasets and other not in model.train_on:
            raise BadInputError(
                f"models.{name}.train_on: {other!r} is missing; a tiny model learns every training dataset first"
            )
        content = _procedural(study, f"models.{name}", sources[other])
        unknown = set(procedural.charset(content)) - alphabet
        if unknown:
            raise BadInputError(
                f"models.{name}.train_on: its alphabet lacks {''.join(sorted(unknown))!r}, "
                f"which {other} needs; train on {other} as well"
            )


def _check_tiny_prompt(key: str, model: str, prompt: Prompt, alphabet: set[str]) -> None:
    if prompt.chat:
        raise BadInputError(f"{key}.chat: the tiny model {model} has no chat template; set it to false")
    if unknown := set(render(prompt.template, "0").replace("0", "", 1)) - alphabet:
        raise BadInputError(
            f"{key}.template: the tiny model {model} cannot read {''.join(sorted(unknown))!r}; "
            f"its alphabet is {''.join(sorted(alphabet))!r}"
        )


def _procedural(study: Study, key: str, source: Any) -> dict[str, Any]:
    if owner_of(study, source).source != "procedural":
        raise BadInputError(f"{key}: a tiny model knows procedural tasks only; use a pretrained model for other data")
    return content_of(study, source)
