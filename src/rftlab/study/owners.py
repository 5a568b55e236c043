"""Whose the queries of an evaluation set are: their source, its data configuration, their verifier."""

from __future__ import annotations

from typing import Any

from rftlab.study.schema import Study
from rftlab.study.sources import Dataset, DatasetSplit, EvaluationSet


def owner_of(study: Study, source: Dataset | EvaluationSet) -> Any:
    """What names the source of queries: the dataset that an evaluation set is a split of, or itself."""
    return study.datasets[source.dataset] if isinstance(source, DatasetSplit) else source


def content_of(study: Study, source: Dataset | EvaluationSet) -> dict[str, Any]:
    """The data configuration queries come from: a source's own, or its dataset's."""
    return dict(owner_of(study, source).content())


def verifier_of(study: Study, source: Dataset | EvaluationSet) -> str:
    """Name of the verifier of a dataset or evaluation set: its own, its dataset's, or that of its kind of source.

    Planning has refused a study in which there is none of these.
    """
    if (name := named_verifier(study, source)) is None:
        raise AssertionError("a study without a verifier was not refused")
    return name


def named_verifier(study: Study, source: Dataset | EvaluationSet) -> str | None:
    """The same, None where nothing names one."""
    owner = owner_of(study, source)
    name: str | None = source.verifier or owner.verifier or owner.verifier_of_answers
    return name


def dataset_of(evaluation_set: EvaluationSet) -> str | None:
    """Name of the dataset that an evaluation set is a split of; None where it has queries of its own."""
    return evaluation_set.dataset if isinstance(evaluation_set, DatasetSplit) else None
