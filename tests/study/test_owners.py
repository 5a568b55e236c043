"""Whose the queries of an evaluation set are, and how they are scored."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import TypeAdapter

from rftlab.study.owners import content_of, dataset_of, owner_of, verifier_of
from rftlab.study.read import read_study
from rftlab.study.sources import EvaluationSet
from studies import jsonl_study, planned


def test_verifiers_are_inherited() -> None:
    plan = planned(("datasets/chains/verifier", "numeric"))
    sets = {name: plan._set_config(name)["verifier"] for name in plan.study.evaluation_sets}
    assert sets == {"chains_validation": "numeric", "chains_test": "numeric", "longer": "marked"}
    assert plan.run_json(next(plan.runs()))["config"]["verifier"] == "numeric"
    own = planned(("evaluation_sets/chains_test/verifier", "gsm8k_strict"))
    assert own._set_config("chains_test")["verifier"] == "gsm8k_strict"


def test_a_split_is_its_datasets_and_another_set_its_own() -> None:
    study = planned().study
    chains, (_, test, longer) = study.datasets["chains"], study.evaluation_sets.values()
    assert (owner_of(study, test), owner_of(study, longer), owner_of(study, chains)) == (chains, longer, chains)
    assert (dataset_of(test), dataset_of(longer)) == ("chains", None)
    assert content_of(study, test) == content_of(study, chains) == chains.content()
    assert content_of(study, longer) == longer.content() != chains.content()


def test_what_is_returned_is_the_callers_own() -> None:
    study = planned().study
    content_of(study, study.datasets["chains"])["family"] = "products"
    assert content_of(study, study.datasets["chains"])["family"] == "chains"


@pytest.mark.parametrize(
    ("of_dataset", "of_set", "expected"),
    [
        ("numeric", None, "numeric"),
        ("exact", "numeric", "numeric"),
    ],
)
def test_the_nearest_word_decides(tmp_path: Path, of_dataset: str, of_set: str | None, expected: str) -> None:
    edits = [("datasets/words/verifier", of_dataset), ("evaluation_sets/words_test/verifier", of_set)]
    study = read_study(jsonl_study(*edits, folder=tmp_path), [])
    assert verifier_of(study, study.evaluation_sets["words_test"]) == expected
    assert verifier_of(study, study.datasets["words"]) == of_dataset
    assert verifier_of(study, study.evaluation_sets["other"]) == "gsm8k_strict"


def test_each_kind_of_source_has_its_usual_verifier(tmp_path: Path) -> None:
    assert verifier_of(planned().study, planned().study.evaluation_sets["longer"]) == "marked"
    line = '{"question": "which?", "options": ["a", "b"], "answer": 1}'
    chosen = ("evaluation_sets/other/fields", {"choices": "options", "answer": "answer", "query": "question"})
    unnamed = ("evaluation_sets/other/verifier", None)
    study = read_study(jsonl_study(chosen, unnamed, folder=tmp_path, records={"other": [line]}), [])
    assert verifier_of(study, study.evaluation_sets["other"]) == "choice"
    gym = TypeAdapter(EvaluationSet).validate_python({"source": "reasoning_gym", "family": "basic_arithmetic"})
    assert verifier_of(study, gym) == "exact"
