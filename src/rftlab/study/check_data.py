"""Whether a study's data can be read and scored, fits into the models, and is not trained on."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from rftlab import levels
from rftlab.data.check import check_answers, refuse_leaks, refuse_overlap
from rftlab.data.queries import DataError, Query, check_overlap
from rftlab.data.sources import reasoning_gym, source_of
from rftlab.errors import BadInputError
from rftlab.policies.templates import render
from rftlab.study import check_models
from rftlab.study.owners import dataset_of, named_verifier, owner_of, verifier_of
from rftlab.study.query_sources import FileSource, GymSource, QuerySource
from rftlab.study.schema import Study
from rftlab.study.sources import Dataset, DirectoryModel, EvaluationSet, GgufModel, HubModel

FORMS = (  # of all answers, what they are then, and the verifiers for them
    (r"[A-J]", "letters", "choice"),
    (r"[-+]?\$?[\d,]*\.?\d+", "numbers", "gsm8k_strict (`#### 5`) or numeric (the last number)"),
    (r"(?s)[^a-zA-Z]*|.*[\\^_{}=].*|\(?[-+*/().,\w ]{1,12}\)?", "formulas", "math_verify or math_boxed_strict"),
)


def check_data(study: Study, only: Mapping[str, int | None] | None = None) -> None:
    """Read every file a study names, and look for evaluation queries that are trained on.

    ``only`` says how many queries each variant, by its key, asks to train on: no more than there are.

    What is on the hub is known by the lock alone; of a study without one, only what the study itself says.

    Raises:
        BadInputError: naming key, file and line.
    """
    chat = any(dataset.prompt.chat for dataset in study.datasets.values())
    for name, model in study.models.items():
        if isinstance(model, DirectoryModel):
            check_models.check_directory(f"models.{name}", model, chat=chat)
            for owner, source in study.datasets.items():
                if source.prompt.chat:
                    check_models.check_chat(f"datasets.{owner}", Path(model.path), source.prompt)
        if isinstance(model, GgufModel):
            check_models.check_gguf(f"models.{name}", model)
        if isinstance(model, HubModel) and chat and model.lock and not model.lock.chat_template:
            raise BadInputError(
                f"models.{name}: {model.id} has no chat template; set prompt.chat of the datasets to false"
            )
    datasets: dict[str, dict[str, list[Query]]] = {}
    for name, dataset in study.datasets.items():
        key = f"datasets.{name}"
        _split_exists(key, dataset, "train")
        if not dataset.read_by_planning:
            _refuse_unnamed(key, study, dataset, [])
            _check_later(key, dataset)
            continue
        datasets[name] = _load(key, dataset)
        _refuse_unnamed(key, study, dataset, datasets[name]["train"])
        check_answers(key, verifier_of(study, dataset), datasets[name]["train"])
        for where, count in (only or {}).items():
            if count is not None and count > (there := len(datasets[name]["train"])):
                raise BadInputError(f"{where}: rollout.only: {count} queries to train on, and {key} has {there}")
    queries: dict[str, list[Query]] = {}
    for name, evaluation_set in study.evaluation_sets.items():
        key, source = f"evaluation_sets.{name}", owner_of(study, evaluation_set)
        _split_exists(key, source, evaluation_set.split)
        if not source.read_by_planning:
            _refuse_unnamed(key, study, evaluation_set, [])
            _check_later(key, source)
            continue
        of = dataset_of(evaluation_set)
        splits = datasets[of] if of else _load(key, source)
        queries[name] = splits[evaluation_set.split][: evaluation_set.limit_queries]
        _refuse_unnamed(key, study, evaluation_set, queries[name])
        check_answers(key, verifier_of(study, evaluation_set), queries[name])
        for other, by_split in datasets.items():
            if source.source == study.datasets[other].source == "procedural":
                continue  # a query's text decides its split: procedural splits never overlap
            shared = check_overlap(by_split["train"], queries[name])
            refuse_overlap(key, other, shared, len(queries[name]), evaluation_set.overlap)
    refuse_leaks(queries, {name: study.evaluation_sets[name].split for name in queries})
    texts = {f"datasets.{name}": splits["train"] for name, splits in datasets.items()}
    texts |= {f"evaluation_sets.{name}": of_set for name, of_set in queries.items()}
    for name, model in study.models.items():
        if isinstance(model, DirectoryModel):
            for template in {dataset.prompt.template: None for dataset in study.datasets.values()}:
                prompts = {key: [render(template, query.query) for query in some] for key, some in texts.items()}
                check_models.check_characters(f"models.{name}", model, prompts)


def check_contexts(study: Study, response: int) -> None:
    """Refuse prompts and responses that are longer together than a model's context, where planning knows it.

    ``response`` is the longest response of any variant; training and evaluation look again, at the prompts they have.

    Raises:
        BadInputError: naming model and dataset.
    """
    longest = max(response, study.evaluation.max_new_tokens or 0)
    for name, model in study.models.items():
        if isinstance(model, DirectoryModel):
            context = check_models.context(f"models.{name}", model)
        else:
            context = model.lock.context if isinstance(model, HubModel) and model.lock else None
        for dataset, entry in study.datasets.items():
            prompt = entry.prompt.max_tokens or 1
            if context is not None and prompt + longest > context:
                raise BadInputError(
                    f"models.{name}: its context of {context} tokens is shorter than a prompt of {prompt} and a "
                    f"response of {longest}; lower datasets.{dataset}.prompt.max_tokens or max_new_tokens"
                )


def _split_exists(key: str, source: QuerySource, split: str) -> None:
    if split not in source.split_names:
        raise BadInputError(f"{key}: there is no split {split!r}; it has {', '.join(source.split_names)}")


def _load(key: str, source: QuerySource) -> dict[str, list[Query]]:
    for split, path in source.files.items() if isinstance(source, FileSource) else ():
        if os.path.exists(path) and not os.path.isfile(path):  # noqa: PTH110, PTH113  (a pipe would wait for ever)
            raise BadInputError(f"{key}: files.{split}: {path} is no file; a file of records is needed")
    try:
        return {name: split.queries for name, split in source_of(source.content()).read().items()}
    except DataError as error:
        raise BadInputError(f"{key}: {error}{_origin(source)}") from None


def _origin(source: QuerySource) -> str:
    """Where a file comes from that is not there, if the study says so."""
    if not isinstance(source, FileSource) or not source.origin:
        return ""
    return "" if all(Path(path).exists() for path in source.files.values()) else f"; get it from: {source.origin}"


def _check_later(key: str, source: QuerySource) -> None:
    if isinstance(source, GymSource):
        try:
            reasoning_gym.check_installed()
        except DataError as error:
            raise BadInputError(f"{key}: {error}") from None


def _refuse_unnamed(key: str, study: Study, source: Dataset | EvaluationSet, queries: Sequence[Query]) -> None:
    """Refuse data that nobody says how to score; a wrong guess would be a reward for the wrong thing."""
    if named_verifier(study, source) is not None:
        return
    told = suggestion([query.answer for query in queries])
    raise BadInputError(f"{key}.verifier: it must be named, a file of rewards/verifiers/: {told}")


def suggestion(answers: Sequence[str]) -> str:
    """Which verifiers the form of gold answers speaks for."""
    if not answers:
        return f"one of {', '.join(levels.names('rewards.verifiers'))}"
    for form, what, names in FORMS:
        if all(re.fullmatch(form, answer.strip()) for answer in answers):
            return f"its answers are {what}, {answers[0]!r} for instance, which speaks for {names}"
    return f"its answers are texts, {answers[0][:40]!r} for instance, which speaks for exact"
