"""What a schema cannot say: names that fit together, of files, of tasks and of what is evaluated."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from studies import GONE, changed, jsonl_study, refusal


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
        (("models/tiny/train_on", {"chain": 1}), "models.tiny.train_on: 'chain' is not one of chains, "),
        (
            ("models/tiny/train_on", {"longer": 1}),
            "models.tiny.train_on: 'chains' is missing; a tiny model learns every training dataset first: "
            "add chains: 1",
        ),
        (("evaluation_sets/longer/form", "words"), "models.tiny.train_on: its alphabet lacks "),
        (("models/own", {"source": "gguf", "path": "a", "package": "b"}), "models.own: give either package or path"),
        (("models/own", {"source": "gguf"}), "models.own: give either package or path"),
    ],
    ids=str,
)
def test_what_does_not_fit_together(tmp_path: Path, edit, expected: str) -> None:
    assert refusal(tmp_path, changed(edit)).startswith(expected)


def test_in_distribution_sets_are_splits_of_a_training_dataset(tmp_path: Path) -> None:
    study = changed(("evaluation/id", ["chains_test", "chains_validation", "longer"]), ("evaluation/ood", []))
    expected = "evaluation.id: 'longer' is not a split of a training dataset; list it under ood"
    assert refusal(tmp_path, study) == expected


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ({"template": "Q: {{ query }}"}, "datasets.chains.prompt.template: the tiny model tiny cannot read ' :Q'; its"),
        ({"chat": True}, "datasets.chains.prompt.chat: the tiny model tiny has no chat template; set it to false"),
    ],
)
def test_prompts_that_a_tiny_model_cannot_read(tmp_path: Path, prompt, expected: str) -> None:
    assert refusal(tmp_path, changed(("datasets/chains/prompt", prompt))).startswith(expected)


@pytest.mark.parametrize("name", ["mlflow.db", "mlartifacts", "mlflow.db.lock", "MLflow.db-wal", "mlflow.db-journal"])
def test_a_study_is_not_named_as_a_file_beside_it(tmp_path: Path, name: str) -> None:
    assert refusal(tmp_path, changed(("study", name))).startswith(f"study: {name!r} is taken by MLflow's files")


@pytest.mark.parametrize("name", ["Default", "default", "DEFAULT"])
def test_a_study_is_not_named_as_the_experiment_that_every_store_has(tmp_path: Path, name: str) -> None:
    line = refusal(tmp_path, changed(("study", name)))
    assert line == f"study: {name!r} is an experiment of every MLflow store; choose another name"


def test_a_tiny_model_knows_procedural_tasks_only(tmp_path: Path) -> None:
    for learnt in ("words", "chains", "other"):  # whatever it is said to learn, one sentence says what to do
        tiny = {"source": "tiny", "architecture": "qwen2", "train_on": {learnt: 1}}
        chains = {"source": "procedural", "family": "chains", "sizes": {"train": 4, "test": 4}}
        edits = [("models/tiny", tiny), ("datasets/chains", chains), ("evaluation_sets/t", {"dataset": "chains"})]
        edits.append(("evaluation/id", ["words_test", "t"]))
        assert refusal(tmp_path, jsonl_study(*edits, folder=tmp_path)) == (
            "models.tiny: a tiny model knows procedural tasks only, and datasets.words is of source jsonl: "
            "replace the model by a pretrained one (source: directory, hub or gguf), or remove words"
        )


def test_a_tiny_model_is_asked_procedural_sets_only(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"question": "1+1=", "answer": "2"}\n')
    exam = {"source": "jsonl", "files": {"test": str(tmp_path / "x.jsonl")}, "verifier": "marked"}
    line = refusal(tmp_path, changed(("evaluation_sets/exam", exam), ("evaluation/ood", ["longer", "exam"])))
    assert line == (
        "models.tiny: a tiny model knows procedural tasks only, and evaluation_sets.exam is of source jsonl: "
        "replace the model by a pretrained one (source: directory, hub or gguf), or remove exam"
    )


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
