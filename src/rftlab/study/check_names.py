"""What a schema cannot say of names: that they can be files, refer to what exists, and are in one suite each."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rftlab import levels
from rftlab.data.sources.procedural import configured_family
from rftlab.errors import BadInputError, did_you_mean
from rftlab.policies.templates import render
from rftlab.runfolder.study_plan import CURVES
from rftlab.study.owners import content_of, dataset_of, owner_of
from rftlab.study.schema import Study
from rftlab.study.sources import Dataset, DatasetSplit, EvaluationSet, Prompt, TinyModel

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
RESERVED = {"baseline", "again", "base", "noise_floor"}
MLFLOW_FILES = re.compile(r"mlflow\.db.*|mlartifacts", re.IGNORECASE)
"""Beside the studies' folders: the store, its journals and its lock."""
MLFLOW_DEFAULT = "default"
"""The experiment that a store has from the start; some file systems and databases do not tell cases apart."""


def check_names(study: Study) -> None:
    """Refuse names that cannot be file names, and references to what does not exist.

    Raises:
        BadInputError: naming the key.
    """
    _check_file_names(study)
    _check_references(study)
    _check_suites(study)
    _check_primary(study)
    for name, model in study.models.items():
        if isinstance(model, TinyModel):
            _check_tiny(study, name, model)


def _check_file_names(study: Study) -> None:
    """Names are folders and files, and none that something else has."""
    for key, names in {
        "study": [study.study],
        "models": study.models,
        "datasets": study.datasets,
        "evaluation_sets": study.evaluation_sets,
        "factors": study.factors,
        **{f"factors.{factor}": entries for factor, entries in study.factors.items()},
    }.items():
        _file_names(key, names)
    if MLFLOW_FILES.fullmatch(study.study):
        raise BadInputError(f"study: {study.study!r} is taken by MLflow's files in results/; choose another name")
    if study.study.lower() == MLFLOW_DEFAULT:
        raise BadInputError(f"study: {study.study!r} is an experiment of every MLflow store; choose another name")
    for key, names in (("factors", study.factors), ("datasets", study.datasets)):
        for name in names:
            if name in RESERVED:
                raise BadInputError(f"{key}.{name}: this name is taken; so are {', '.join(sorted(RESERVED - {name}))}")
    for name in sorted(set(study.datasets) & set(study.evaluation_sets)):
        raise BadInputError(f"evaluation_sets.{name}: a dataset has this name already; names must differ")


def _check_references(study: Study) -> None:
    """Evaluation sets name datasets, and verifiers are files."""
    for name, evaluation_set in study.evaluation_sets.items():
        if isinstance(evaluation_set, DatasetSplit):
            _refuse_unknown(f"evaluation_sets.{name}.dataset", evaluation_set.dataset, study.datasets)
    for section in ("datasets", "evaluation_sets"):
        for name, source in getattr(study, section).items():
            if source.verifier is not None:
                _refuse_unknown(f"{section}.{name}.verifier", source.verifier, levels.names("rewards.verifiers"))


def _check_suites(study: Study) -> None:
    """Each evaluation set is in one suite, where it belongs, and every dataset has a test split in distribution."""
    listed = [*study.evaluation.id, *study.evaluation.ood]
    for key, names in (("id", study.evaluation.id), ("ood", study.evaluation.ood)):
        for name in names:
            _refuse_unknown(f"evaluation.{key}", name, study.evaluation_sets)
            if listed.count(name) > 1:
                raise BadInputError(f"evaluation.{key}: {name!r} is listed twice in id and ood")
    for name in study.evaluation.id:
        if not isinstance(study.evaluation_sets[name], DatasetSplit):
            raise BadInputError(f"evaluation.id: {name!r} is not a split of a training dataset; list it under ood")
    for name in sorted(set(study.evaluation_sets) - set(listed)):
        raise BadInputError(
            f"evaluation_sets.{name}: used by neither evaluation.id nor evaluation.ood; list it or remove it"
        )
    in_distribution = [study.evaluation_sets[name] for name in study.evaluation.id]
    tested = {dataset_of(evaluation_set) for evaluation_set in in_distribution if evaluation_set.split == "test"}
    for dataset in study.datasets:
        if dataset not in tested:
            raise BadInputError(f"evaluation.id: no test split of dataset {dataset!r}; every dataset needs one")


def _check_primary(study: Study) -> None:
    """The primary metric is one that the study computes, at the budgets that it has."""
    metric, budget = study.report.primary.metric, study.report.primary.budget
    sampled = [f"pass@{k}" for k in study.evaluation.pass_at] if study.evaluation.samples else []
    known = [*CURVES, "greedy_best_validation", *sampled]
    if metric not in known:
        raise BadInputError(f"report.primary.metric: the study has no {metric!r}; it has {', '.join(known)}")
    if budget in ("rollouts", "tokens") and metric not in CURVES:
        raise BadInputError(f"report.primary.budget: {metric} is of one checkpoint, and has no value at equal {budget}")
    for dataset in study.datasets if metric == "greedy_best_validation" else ():
        sets = [study.evaluation_sets[name] for name in study.evaluation.id]
        if not any(dataset_of(one) == dataset and one.split == "validation" for one in sets):
            raise BadInputError(
                f"report.primary.metric: {metric} needs a validation set of dataset {dataset!r} in evaluation.id"
            )


def _file_names(key: str, names: Iterable[str]) -> None:
    for name in names:
        if not NAME.fullmatch(str(name)):
            raise BadInputError(
                f"{key}: {name!r} cannot be a name: letters, digits, '_', '.', '-', "
                "at most 64, the first a letter or digit"
            )


def _refuse_unknown(key: str, name: str, known: Iterable[str]) -> None:
    if name not in known:
        raise BadInputError(f"{key}: {name!r} is not one of {', '.join(known)}{did_you_mean(name, list(known))}")


def _check_tiny(study: Study, name: str, model: TinyModel) -> None:
    sources = study.datasets | study.evaluation_sets
    for section in ("datasets", "evaluation_sets"):
        for other, source in getattr(study, section).items():
            if (kind := owner_of(study, source).source) != "procedural":
                raise BadInputError(
                    f"models.{name}: a tiny model knows procedural tasks only, and {section}.{other} is of source "
                    f"{kind}: replace the model by a pretrained one (source: directory, hub or gguf), or remove {other}"
                )
    for task in model.train_on:
        _refuse_unknown(f"models.{name}.train_on", task, sources)
    alphabet: set[str] = set()
    for task in model.train_on:
        alphabet |= _charset(study, sources[task])
    for dataset in study.datasets:
        _check_tiny_prompt(f"datasets.{dataset}.prompt", name, study.datasets[dataset].prompt, alphabet)
    for other in sources:
        if other in study.datasets and other not in model.train_on:
            raise BadInputError(
                f"models.{name}.train_on: {other!r} is missing; a tiny model learns every training dataset first: "
                f"add {other}: 1"
            )
        if unknown := _charset(study, sources[other]) - alphabet:
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


def _charset(study: Study, source: Dataset | EvaluationSet) -> set[str]:
    return set(configured_family(content_of(study, source)).charset())
