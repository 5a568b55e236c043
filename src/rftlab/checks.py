"""What a schema cannot say: names that fit together, splits that exist, data that can be read and does not overlap."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rftlab import levels
from rftlab.data import procedural, stage
from rftlab.data.queries import DataError, Query, check_overlap
from rftlab.errors import BadInputError
from rftlab.models import WEIGHTS
from rftlab.schema import Study
from rftlab.section import shown
from rftlab.sources import Dataset, DatasetSplit, DirectoryModel, EvaluationSet, GgufModel, ProceduralSource, TinyModel

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
RESERVED = {"baseline", "again", "base", "noise_floor"}
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
    for name, model in study.models.items():
        path = Path(getattr(model, "path", None) or "")
        if isinstance(model, DirectoryModel):
            for needed in ("config.json", "tokenizer.json", WEIGHTS):
                if not (path / needed).is_file():
                    raise BadInputError(
                        f"models.{name}.path: {path} holds no {needed}; "
                        f"a Hugging Face directory with config.json, tokenizer.json and {WEIGHTS} is needed"
                    )
        if isinstance(model, GgufModel) and model.path and not path.is_file():
            raise BadInputError(f"models.{name}.path: {path} does not exist; a .gguf file is needed")
    loaded: dict[str, dict[str, list[Query]]] = {}
    for name, dataset in study.datasets.items():
        key = f"datasets.{name}"
        _split_exists(key, dataset.content(), "train")
        loaded[name] = _load(key, dataset.content())
        _check_answers(key, verifier_of(study, dataset), loaded[name]["train"])
    for name, evaluation_set in study.evaluation_sets.items():
        key, content = f"evaluation_sets.{name}", content_of(study, evaluation_set)
        _split_exists(key, content, evaluation_set.split)
        of = _of(evaluation_set)
        queries = (loaded[of] if of else _load(key, content))[evaluation_set.split]
        queries = queries[: evaluation_set.limit_queries]
        _check_answers(key, verifier_of(study, evaluation_set), queries)
        for trained, dataset in study.datasets.items():
            if content["source"] == dataset.source == "procedural":
                continue  # a query's text decides its split: procedural splits never overlap
            if shared := check_overlap(loaded[trained]["train"], queries).exact:
                raise BadInputError(
                    f"{key}: {shared} of its {len(queries)} queries are in the training split of {trained}; "
                    "evaluation queries must be new"
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
    try:
        return stage.load(content).splits
    except DataError as error:
        raise BadInputError(f"{key}: {error}") from None


def _check_answers(key: str, verifier: str, queries: Iterable[Query]) -> None:
    verify = levels.load("rewards", verifier)
    for query in queries:
        try:
            verify("", query.answer)
        except ValueError as error:
            raise BadInputError(f"{key}: query {shown(query.query)}: {error}; choose another verifier") from None


def _check_tiny(study: Study, name: str, model: TinyModel) -> None:
    sources = study.datasets | study.evaluation_sets
    for task in model.train_on:
        _known(f"models.{name}.train_on", task, sources)
    alphabet: set[str] = set()
    for task in model.train_on:
        content = _procedural(study, f"models.{name}.train_on.{task}", sources[task])
        alphabet |= set(procedural.charset(content))
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


def _procedural(study: Study, key: str, source: Any) -> dict[str, Any]:
    content = content_of(study, source)
    if not isinstance(source, ProceduralSource) and content["source"] != "procedural":
        raise BadInputError(f"{key}: a tiny model knows procedural tasks only; use a pretrained model for JSONL files")
    return dict(content)
