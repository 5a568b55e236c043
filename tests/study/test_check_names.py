"""What a schema cannot say: names that fit together, files that can be read, evaluation queries that are new."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from rftlab.study.read import read_study
from studies import GONE, changed, jsonl_study, planned, refusal


def test_the_jsonl_study_is_valid(tmp_path: Path) -> None:
    read_study(jsonl_study(folder=tmp_path), [])


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (
            ("evaluation_sets/chains_test/dataset", "chain"),
            "evaluation_sets.chains_test.dataset: 'chain' is not one of chains (did you mean 'chains'?)",
        ),
        (
            ("evaluation/id", ["chains_tests"]),
            "evaluation.id: 'chains_tests' is not one of chains_validation, chains_test, longer (did you mean",
        ),
        (("evaluation/ood", ["longer", "longer"]), "evaluation.ood: 'longer' is listed twice in id and ood"),
        (("evaluation/ood", ["longer", "chains_test"]), "evaluation.id: 'chains_test' is listed twice in id and ood"),
        (("evaluation/id", ["chains_test", "chains_validation", "longer"]), "evaluation.id: 'longer' is listed twice"),
        (
            ("evaluation/ood", []),
            "evaluation_sets.longer: used by neither evaluation.id nor evaluation.ood; list it or remove it",
        ),
        (
            ("evaluation_sets/chains_test/split", "validation"),
            "evaluation.id: no test split of dataset 'chains'; every dataset needs one",
        ),
        (
            ("evaluation_sets/chains", {"dataset": "chains"}),
            "evaluation_sets.chains: a dataset has this name already; names must differ",
        ),
        (
            ("datasets/chains/verifier", "market"),
            "datasets.chains.verifier: 'market' is not one of ",
        ),
        (
            ("evaluation_sets/longer/verifier", "_values"),
            "evaluation_sets.longer.verifier: '_values' is not one of ",
        ),
        (
            ("evaluation_sets/chains_test/verifier", "../x"),
            "evaluation_sets.chains_test.verifier: '../x' is not one of ",
        ),
        (
            ("datasets/chains/sizes", {"validation": 4, "test": 4}),
            "datasets.chains: there is no split 'train'; it has validation, test",
        ),
        (
            ("datasets/chains/sizes", {"train": 8, "test": 4}),
            "evaluation_sets.chains_validation: there is no split 'validation'; it has train, test",
        ),
        (
            ("evaluation_sets/longer/sizes", {"validation": 4}),
            "evaluation_sets.longer: there is no split 'test'; it has validation",
        ),
        (("models/tiny/train_on", {"chain": 1}), "models.tiny.train_on: 'chain' is not one of chains, "),
        (
            ("models/tiny/train_on", {"longer": 1}),
            "models.tiny.train_on: 'chains' is missing; a tiny model learns every training dataset first",
        ),
        (("evaluation_sets/longer/form", "words"), "models.tiny.train_on: its alphabet lacks "),
        (
            ("models/own", {"source": "directory", "path": "/nowhere"}),
            "models.own.path: /nowhere holds no config.json; a Hugging Face directory with config.json, ",
        ),
        (
            ("models/own", {"source": "gguf", "path": "/nowhere.gguf"}),
            "models.own.path: /nowhere.gguf does not exist; a .gguf file is needed",
        ),
        (("models/own", {"source": "gguf", "path": "a", "package": "b"}), "models.own: give either package or path"),
        (("models/own", {"source": "gguf"}), "models.own: give either package or path"),
    ],
    ids=str,
)
def test_what_does_not_fit_together(tmp_path: Path, edit, expected: str) -> None:
    assert refusal(tmp_path, changed(edit)).startswith(expected)


def test_more_queries_than_there_are(tmp_path: Path) -> None:
    few = {"source": "procedural", "family": "chains", "terms": [2], "high": 1, "sizes": {"test": 90}}
    line = refusal(tmp_path, changed(("evaluation_sets/longer", few)))
    assert line.startswith("evaluation_sets.longer: sizes.test: 90 distinct queries wanted, ")


def test_in_distribution_sets_are_splits_of_a_training_dataset(tmp_path: Path) -> None:
    study = changed(("evaluation/id", ["chains_test", "chains_validation", "longer"]), ("evaluation/ood", []))
    expected = "evaluation.id: 'longer' is not a split of a training dataset; list it under ood"
    assert refusal(tmp_path, study) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], "test.jsonl: the file is empty; at least one JSON record is needed"),
        (["", " "], "test.jsonl: the file is empty; at least one JSON record is needed"),
        (['{"question": "a?", "answer": "1"}', "{question"], "test.jsonl:2: not JSON ("),
        (['{"question": "a?", "answer": "1"}', "[1]"], "test.jsonl:2: a JSON object is needed, this line is a list"),
        (
            ['{"question": "a?", "answer": "1"}', '{"question": "b?"}'],
            "test.jsonl:2: the answer needs field 'answer'; this record has 'question'",
        ),
        (
            ['{"query": "a?", "answer": "1"}'],
            "test.jsonl:1: the query needs field 'question'; this record has 'query', 'answer'",
        ),
        (
            ['{"question": "a?", "answer": null}'],
            "test.jsonl:1: field 'answer' is None; the answer needs a text or a number",
        ),
        (['{"question": "a?", "answer": "so ####"}'], "test.jsonl:1: nothing follows the last ####"),
    ],
    ids=str,
)
def test_dataset_files_that_cannot_be_used(tmp_path: Path, lines, expected: str) -> None:
    line = refusal(tmp_path, jsonl_study(folder=tmp_path, records={"test": lines}))
    assert line.startswith(f"datasets.words: {tmp_path}/{expected}")


def test_dataset_files_that_are_missing(tmp_path: Path) -> None:
    study = jsonl_study(("datasets/words/files/train", str(tmp_path / "gone.jsonl")), folder=tmp_path)
    line = refusal(tmp_path, study)
    assert (
        line
        == f"datasets.words: {tmp_path}/gone.jsonl: cannot be read: No such file or directory; a JSONL file is needed"
    )


@pytest.mark.parametrize("missing", ["config.json", "tokenizer.json", "model.safetensors"])
def test_model_directories_without_what_is_needed(tmp_path: Path, missing: str) -> None:
    study = jsonl_study(folder=tmp_path)
    (tmp_path / "model" / missing).unlink()
    (tmp_path / "model" / "pytorch_model.bin").touch()  # pickled weights are never loaded
    assert refusal(tmp_path, study).startswith(
        f"models.pretrained.path: {tmp_path}/model holds no {missing}; a Hugging Face"
    )


def test_an_evaluation_set_that_is_trained_on(tmp_path: Path) -> None:
    record = '{"question": "train 3?", "answer": "3"}'
    study = jsonl_study(folder=tmp_path, records={"other": [record, '{"question": "new?", "answer": "1"}']})
    assert refusal(tmp_path, study) == (
        "evaluation_sets.other: 1 of its 2 queries are in the training split of words; evaluation queries must be new, "
        "unless `overlap` says why these are not"
    )


def test_an_evaluation_set_that_is_the_training_file(tmp_path: Path) -> None:
    for path, key in (("evaluation_sets/other/files/test", "other"), ("datasets/words/files/test", "words_test")):
        folder = tmp_path / key
        folder.mkdir()
        study = jsonl_study((path, str(folder / "train.jsonl")), folder=folder)
        assert refusal(folder, study).startswith(
            f"evaluation_sets.{key}: 6 of its 6 queries are in the training split of"
        )


def test_only_the_queries_that_are_used_count(tmp_path: Path) -> None:
    records = {"other": ['{"question": "new?", "answer": "1"}', '{"question": "train 3?", "answer": "3"}']}
    study = jsonl_study(("evaluation_sets/other/limit_queries", 1), folder=tmp_path, records=records)
    read_study(study, [])


def test_answers_that_the_verifier_cannot_compare(tmp_path: Path) -> None:
    records = {"other": ['{"question": "what colour?", "answer": "blue"}']}
    study = jsonl_study(("evaluation_sets/other/verifier", "numeric"), folder=tmp_path, records=records)
    assert refusal(tmp_path, study) == (
        "evaluation_sets.other: query 'what colour?': rewards/verifiers/numeric compares numbers; "
        "the answer 'blue' is not one; "
        "choose another verifier"
    )


@pytest.mark.parametrize(
    ("verifier", "answer", "possible"),
    [
        ("gsm8k_strict", "blue", False),
        ("gsm8k_strict", "$5", False),
        ("gsm8k_strict", "5.0", True),
        ("gsm8k_strict", "-1,000", True),
        ("marked", "2.5", False),
        ("marked", "-3", True),
    ],
)
def test_answers_that_no_completion_can_give(tmp_path: Path, verifier: str, answer: str, possible: bool) -> None:
    records = {"other": [json.dumps({"question": "which?", "answer": answer})]}
    study = jsonl_study(("evaluation_sets/other/verifier", verifier), folder=tmp_path, records=records)
    if possible:
        read_study(study, [])
    else:
        assert refusal(tmp_path, study) == (
            f"evaluation_sets.other: query 'which?': no completion can be right: the answer {answer!r} "
            f"is nothing that rewards/verifiers/{verifier} reads; choose another verifier"
        )


def test_a_verifier_that_cannot_be_imported(tmp_path: Path, monkeypatch) -> None:
    def broken(kind: str, name: str) -> None:
        raise ImportError(f"no {kind} in {name}")

    monkeypatch.setattr("rftlab.levels.load", broken)
    assert refusal(tmp_path, changed()).startswith(
        "datasets.chains.verifier: rewards/verifiers/marked.py cannot be used: no "
    )


def test_a_verifier_that_fails(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("rftlab.levels.load", lambda kind, name: lambda completion: None)
    assert refusal(tmp_path, changed()).startswith(
        "datasets.chains.verifier: rewards/verifiers/marked.py fails: TypeError("
    )


def test_a_checkpoint_is_not_chosen_on_test_queries(tmp_path: Path) -> None:
    study = jsonl_study(
        ("datasets/words/files/validation", str(tmp_path / "other.jsonl")),
        ("evaluation_sets/words_validation", {"dataset": "words", "split": "validation"}),
        ("evaluation/id", ["words_test", "words_validation"]),
        folder=tmp_path,
    )
    assert refusal(tmp_path, study) == (
        "evaluation_sets.words_validation: 6 of the 6 test queries of other are in it; "
        "a checkpoint is not chosen on what is reported"
    )


@pytest.mark.parametrize("file", [".", "pipe", "/dev/zero", "x" * 300, "train.jsonl/x"])
def test_what_is_no_file_is_not_read(tmp_path: Path, file: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    study = jsonl_study(("evaluation_sets/other/files/test", str(tmp_path / file)), folder=tmp_path)
    assert refusal(tmp_path, study).startswith("evaluation_sets.other: ")


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ({"template": "Q: {{ query }}"}, "datasets.chains.prompt.template: the tiny model tiny cannot read ' :Q'; its"),
        ({"chat": True}, "datasets.chains.prompt.chat: the tiny model tiny has no chat template; set it to false"),
    ],
)
def test_prompts_that_a_tiny_model_cannot_read(tmp_path: Path, prompt, expected: str) -> None:
    assert refusal(tmp_path, changed(("datasets/chains/prompt", prompt))).startswith(expected)


def test_more_queries_than_planning_can_generate(tmp_path: Path) -> None:
    line = refusal(tmp_path, changed(("datasets/chains/terms", [12]), ("datasets/chains/sizes/train", 10**12)))
    assert line == "datasets.chains.sizes.train: at most 1000000 is needed, not 1000000000000"


@pytest.mark.parametrize("name", ["mlflow.db", "mlartifacts"])
def test_a_study_is_not_named_as_a_file_beside_it(tmp_path: Path, name: str) -> None:
    assert refusal(tmp_path, changed(("study", name))).startswith(f"study: {name!r} is taken by MLflow's files")


def test_a_tiny_model_knows_procedural_tasks_only(tmp_path: Path) -> None:
    tiny = {"source": "tiny", "architecture": "qwen2", "train_on": {"words": 1}}
    line = refusal(tmp_path, jsonl_study(("models/tiny", tiny), folder=tmp_path))
    assert line.startswith(
        "models.tiny.train_on.words: a tiny model knows procedural tasks only; use a pretrained model"
    )


def test_verifiers_are_inherited() -> None:
    plan = planned(("datasets/chains/verifier", "numeric"))
    sets = {name: plan._set_config(name)["verifier"] for name in plan.study.evaluation_sets}
    assert sets == {"chains_validation": "numeric", "chains_test": "numeric", "longer": "marked"}
    assert plan.run_json(next(plan.runs()))["config"]["verifier"] == "numeric"
    own = planned(("evaluation_sets/chains_test/verifier", "gsm8k_strict"))
    assert own._set_config("chains_test")["verifier"] == "gsm8k_strict"


def test_a_study_without_evaluation_sets(tmp_path: Path) -> None:
    assert refusal(tmp_path, changed(("evaluation_sets", GONE))).startswith("evaluation_sets: this key is needed")
    assert refusal(tmp_path, changed(("evaluation_sets", {}))).startswith(
        "evaluation.id: 'chains_validation' is not one of"
    )


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (
            ("budget/round", 3),
            "budget: unknown key 'round'; valid keys: rounds, rollouts, tokens (did you mean 'rounds'?)",
        ),
        (("models", {"own": {"source": "directory", "path": "gone"}}), "models.own.path: gone holds no config.json; "),
        (
            ("factors/lr/zero", {"advantage.name": "leave_one_out"}),
            "factors.lr.zero: advantage.name: leave_one_out needs",
        ),
    ],
    ids=["key", "model", "combination"],
)
@pytest.mark.workflow
def test_snakemake_refuses_in_the_same_line_and_plans_nothing(
    repository: Path, tmp_path: Path, edit, expected: str
) -> None:
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(changed(edit)))
    command = [sys.executable, "-m", "snakemake", "-n", "--nolock", "--snakefile", str(repository / "Snakefile")]
    command += ["--directory", str(tmp_path), "--configfile", "study.yaml", "--cores", "1"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, cwd=tmp_path)
    lines = [line for line in result.stderr.splitlines() if not line.startswith("Using workflow specific profile")]
    assert result.returncode == 1
    assert len(lines) == 1
    assert expected in lines[0]
    assert "study.yaml: " in lines[0]
    assert not result.stdout.strip()
