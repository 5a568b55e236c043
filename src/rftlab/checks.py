"""What a schema cannot say: names that fit together, splits that exist, data that can be read and does not overlap."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

from rftlab import levels, modelfiles
from rftlab.data import procedural, stage
from rftlab.data.queries import DataError, Query, check_overlap
from rftlab.errors import BadInputError
from rftlab.schema import Study
from rftlab.scoring import verifiers
from rftlab.section import shown
from rftlab.sources import (
    Dataset,
    DatasetSplit,
    DirectoryModel,
    EvaluationSet,
    GgufModel,
    ProceduralSource,
    Prompt,
    TinyModel,
)

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
MOST_QUERIES = 1_000_000  # of a generated split; planning generates them to look for queries that are trained on
RESERVED = {"baseline", "again", "base", "noise_floor"}
WRITTEN = {  # verifiers that compare text: how a right answer is written
    "gsm8k_strict": "#### {}",
    "marked": "#{}",
    "math_boxed_strict": "\\boxed{{{}}}",
    "math_verify": "\\boxed{{{}}}",
}
TAKEN = {
    "mlflow.db",
    "mlflow.db-journal",
    "mlflow.db-wal",
    "mlflow.db-shm",
    "mlartifacts",
}  # beside the studies' folders
VERIFIERS = {"procedural": "marked", "jsonl": "gsm8k_strict"}  # unless a dataset or evaluation set names another


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

    Raises:
        BadInputError: naming key, file and line.
    """
    chat = any(dataset.prompt.chat for dataset in study.datasets.values())
    for name, model in study.models.items():
        if isinstance(model, DirectoryModel):
            modelfiles.check_directory(f"models.{name}", model, chat=chat)
        if isinstance(model, GgufModel):
            modelfiles.check_gguf(f"models.{name}", model)
    loaded: dict[str, dict[str, list[Query]]] = {}
    for name, dataset in study.datasets.items():
        key = f"datasets.{name}"
        _split_exists(key, dataset.content(), "train")
        loaded[name] = _load(key, dataset.content())
        _check_answers(key, verifier_of(study, dataset), loaded[name]["train"])
    validation: dict[str, list[Query]] = {}
    tests: dict[str, list[Query]] = {}
    for name, evaluation_set in study.evaluation_sets.items():
        key, content = f"evaluation_sets.{name}", content_of(study, evaluation_set)
        _split_exists(key, content, evaluation_set.split)
        of = _of(evaluation_set)
        queries = (loaded[of] if of else _load(key, content))[evaluation_set.split]
        queries = queries[: evaluation_set.limit_queries]
        _check_answers(key, verifier_of(study, evaluation_set), queries)
        (validation if evaluation_set.split == "validation" else tests)[name] = queries
        for trained, dataset in study.datasets.items():
            if content["source"] == dataset.source == "procedural":
                continue  # a query's text decides its split: procedural splits never overlap
            if shared := check_overlap(loaded[trained]["train"], queries).exact:
                raise BadInputError(
                    f"{key}: {shared} of its {len(queries)} queries are in the training split of {trained}; "
                    "evaluation queries must be new"
                )

    for name, chosen_on in validation.items():
        for other, reported in tests.items():
            if shared := check_overlap(chosen_on, reported).exact:
                raise BadInputError(
                    f"evaluation_sets.{name}: {shared} of the {len(reported)} test queries of {other} are in it; "
                    "a checkpoint is not chosen on what is reported"
                )


def content_of(study: Study, source: Dataset | EvaluationSet) -> dict[str, Any]:
    """The data configuration queries come from: a source's own, or its dataset's."""
    return study.datasets[source.dataset].content() if isinstance(source, DatasetSplit) else source.content()


def verifier_of(study: Study, source: Dataset | EvaluationSet) -> str:
    """Name of the verifier of a dataset or evaluation set: its own, its dataset's, or that of its kind of source."""
    owner = study.datasets[source.dataset] if isinstance(source, DatasetSplit) else source
    return source.verifier or owner.verifier or VERIFIERS[owner.source]


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


def _split_exists(key: str, content: Mapping[str, Any], split: str) -> None:
    if split not in stage.split_names(content):
        raise BadInputError(f"{key}: there is no split {split!r}; it has {', '.join(stage.split_names(content))}")


def _load(key: str, content: Mapping[str, Any]) -> dict[str, list[Query]]:
    for split, path in content.get("files", {}).items():
        if os.path.exists(path) and not os.path.isfile(path):  # noqa: PTH110, PTH113  (a pipe would wait for ever)
            raise BadInputError(f"{key}: files.{split}: {path} is no file; a JSONL file is needed")
    for split, size in content.get("sizes", {}).items():
        if size > MOST_QUERIES:
            raise BadInputError(f"{key}: sizes.{split}: at most {MOST_QUERIES} queries can be generated, not {size}")
    try:
        return stage.load(content).splits
    except DataError as error:
        raise BadInputError(f"{key}: {error}") from None


def _check_answers(key: str, verifier: str, queries: Iterable[Query]) -> None:
    """Refuse answers that the verifier, or a counterpart that scores beside it, cannot use."""
    queries = list(queries)
    for name in verifiers(verifier).names:
        _check_answers_of(key, name, queries, own=name == verifier)


def _check_answers_of(key: str, verifier: str, queries: list[Query], *, own: bool) -> None:
    try:
        verify = levels.load("rewards", verifier)
    except Exception as error:  # a file of rewards/ may fail in any way when it is imported
        raise BadInputError(f"{key}.verifier: rewards/{verifier}.py cannot be used: {error}") from None
    written = WRITTEN.get(verifier) if own else None  # a right answer as it wants it; others are trusted
    for query in queries:
        try:
            right = verify(written.format(query.answer) if written else "", query.answer).correct
        except ValueError as error:
            raise BadInputError(f"{key}: query {shown(query.query)}: {error}; choose another verifier") from None
        except Exception as error:
            raise BadInputError(f"{key}.verifier: rewards/{verifier}.py fails: {error!r}") from None
        if written and not right:
            raise BadInputError(
                f"{key}: query {shown(query.query)}: no completion can be right: the answer {shown(query.answer)} "
                f"is nothing that rewards/{verifier} reads; choose another verifier"
            )


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
    if unknown := set(prompt.template.replace("{{ query }}", "")) - alphabet:
        raise BadInputError(
            f"{key}.template: the tiny model {model} cannot read {''.join(sorted(unknown))!r}; "
            f"its alphabet is {''.join(sorted(alphabet))!r}"
        )


def _procedural(study: Study, key: str, source: Any) -> dict[str, Any]:
    content = content_of(study, source)
    if not isinstance(source, ProceduralSource) and content["source"] != "procedural":
        raise BadInputError(f"{key}: a tiny model knows procedural tasks only; use a pretrained model for JSONL files")
    return dict(content)
