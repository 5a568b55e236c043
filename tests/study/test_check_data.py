"""Data that cannot be read, scored or kept apart is refused before any job runs, naming key, file and line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rftlab.data.queries import DataError
from rftlab.data.sources import reasoning_gym
from rftlab.errors import BadInputError
from rftlab.models.tiny import UNKNOWN, character_tokenizer
from rftlab.study.read import load_study, read_study
from studies import changed, jsonl_study, planned, refusal
from training import TOKENIZER


def test_the_jsonl_study_is_valid(tmp_path: Path) -> None:
    read_study(jsonl_study(folder=tmp_path), [])


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
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
    ],
    ids=str,
)
def test_splits_that_are_not_there(tmp_path: Path, edit, expected: str) -> None:
    assert refusal(tmp_path, changed(edit)).startswith(expected)


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (
            ("models/own", {"source": "directory", "path": "/nowhere"}),
            "models.own.path: /nowhere holds no config.json; a Hugging Face directory with config.json, ",
        ),
        (
            ("models/own", {"source": "gguf", "path": "/nowhere.gguf"}),
            "models.own.path: /nowhere.gguf does not exist; a .gguf file is needed",
        ),
    ],
    ids=str,
)
def test_models_that_are_not_there(tmp_path: Path, edit, expected: str) -> None:
    assert refusal(tmp_path, changed(edit)).startswith(expected)


def test_more_queries_than_there_are(tmp_path: Path) -> None:
    few = {"source": "procedural", "family": "chains", "terms": [2], "high": 1, "sizes": {"test": 90}}
    line = refusal(tmp_path, changed(("evaluation_sets/longer", few)))
    assert line.startswith("evaluation_sets.longer: sizes.test: 90 distinct queries wanted, ")


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


def test_the_study_says_where_missing_files_come_from(tmp_path: Path) -> None:
    edits = (("datasets/words/files/train", str(tmp_path / "gone.jsonl")), ("datasets/words/origin", "example.org/x"))
    line = refusal(tmp_path, jsonl_study(*edits, folder=tmp_path))
    assert line.endswith(
        "gone.jsonl: cannot be read: No such file or directory; a JSONL file is needed; get it from: example.org/x"
    )
    there = jsonl_study(("datasets/words/origin", "example.org/x"), folder=tmp_path, records={"train": ["{"]})
    assert "example.org" not in refusal(tmp_path, there)


@pytest.mark.parametrize("name", ["smollm2", "smollm2-gsm8k"])
def test_shipped_studies_with_files_to_bring_say_where_from(
    repository: Path, tmp_path: Path, monkeypatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInputError, match=r"data/\w+/\w+\.jsonl: cannot be read: .* get it from: "):
        load_study(repository / "config" / f"{name}.yaml")


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


def test_more_queries_than_planning_can_generate(tmp_path: Path) -> None:
    line = refusal(tmp_path, changed(("datasets/chains/terms", [12]), ("datasets/chains/sizes/train", 10**12)))
    assert line == "datasets.chains.sizes.train: at most 1000000 is needed, not 1000000000000"


def test_a_reason_allows_queries_that_are_trained_on(tmp_path: Path) -> None:
    record = '{"question": "train 3?", "answer": "3"}'
    edit = ("evaluation_sets/other/overlap", "memory is what is asked about")
    read_study(jsonl_study(edit, folder=tmp_path, records={"other": [record]}), [])


def test_a_chat_needs_a_model_with_a_template(tmp_path: Path) -> None:
    study = jsonl_study(("datasets/words/prompt", {"chat": True}), folder=tmp_path)
    assert refusal(tmp_path, study) == (
        f"models.pretrained.path: {tmp_path}/model has no chat template; set prompt.chat of the datasets to false"
    )
    (tmp_path / "model" / "tokenizer.json").write_text(TOKENIZER.backend_tokenizer.to_str())
    template = tmp_path / "model" / "chat_template.jinja"
    template.write_text("{{ messages[-1].content }}{% if thinking %}…{% endif %}")
    read_study(study, [])
    prompt = study["datasets"]["words"]["prompt"]
    prompt["variables"] = {"thinking": False}
    read_study(study, [])
    for values, told in (
        ({"variables": {"thought": 1}}, "prompt.variables: the chat template of "),
        ({"variables": {"messages": "none"}}, "prompt: variables: messages is set by rftlab; it cannot be given"),
        ({"system": "Be brief."}, "prompt.system: the chat template of "),
        ({"system": "Be brief.", "chat": False}, "prompt: system: only a chat template has that: set chat to true"),
    ):
        changed = {**study, "datasets": {"words": {**study["datasets"]["words"], "prompt": {"chat": True, **values}}}}
        assert refusal(tmp_path, changed).startswith(f"datasets.words.{told}")
    for text in ("{{ messages + 1 }}", "{% newer syntax %}", "{{ raise_exception('no') }}", "{{ messages[0].role }}"):
        template.write_text(text)
        assert refusal(tmp_path, study).startswith("datasets.words.prompt.chat: the chat template of ")
    (tmp_path / "model" / "tokenizer.json").write_text('{"model": {}}')
    assert "cannot be read" in refusal(tmp_path, study)


def test_planning_a_chat_imports_no_torch(tmp_path: Path) -> None:
    study = jsonl_study(("datasets/words/prompt", {"chat": True}), folder=tmp_path)
    (tmp_path / "model" / "tokenizer.json").write_text(TOKENIZER.backend_tokenizer.to_str())
    (tmp_path / "model" / "chat_template.jinja").write_text("{{ messages[-1].content }}")
    code = f"import sys; from rftlab.study.read import read_study; read_study({study!r}, [])"
    code += "; assert 'transformers' in sys.modules and 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


UNK = {"unk_token": {"content": UNKNOWN}}


@pytest.mark.parametrize(
    ("test", "template", "settings", "told"),
    [
        ("how mäny?", "{{ query }}", UNK, "evaluation_sets.words_test: {} 'ä', in the prompt 'how mäny?'"),
        ("test 1?", "Q: {{ query }}", UNK, "datasets.words: {} 'Q', in the prompt 'Q: train 0?'"),
        ("test 1?", "{{ query }}", UNK, None),
        ("how mäny?", "{{ query }}", {}, None),  # it names no unknown token, so that there is none
        ("how mäny?", "{{ query }}", UNK | {"bos_token": UNKNOWN}, None),  # its id also begins every text
    ],
)
def test_characters_that_a_directorys_tokenizer_does_not_know(
    tmp_path: Path, test: str, template: str, settings: dict[str, object], told: str | None
) -> None:
    """Before anything is trained, of training and evaluation queries and of the prompt around them."""
    records = {"test": [json.dumps({"question": test, "answer": "so #### 1"})]}
    study = jsonl_study(("datasets/words/prompt", {"template": template}), folder=tmp_path, records=records)
    tokenizer = character_tokenizer("trainesthowmy 0123456789?").backend_tokenizer
    (tmp_path / "model" / "tokenizer.json").write_text(tokenizer.to_str())
    (tmp_path / "model" / "tokenizer_config.json").write_text(json.dumps(settings))
    if told is None:
        read_study(study, [])
    else:
        assert refusal(tmp_path, study) == told.format(f"the tokenizer of {tmp_path}/model does not know")


def test_a_package_that_is_missing_is_named_before_anything_runs(tmp_path: Path, monkeypatch) -> None:
    def missing() -> None:
        raise DataError("reasoning-gym is not installed")

    gym = {"source": "reasoning_gym", "family": "basic_arithmetic", "sizes": {"train": 4, "test": 4}}
    study = jsonl_study(
        ("datasets", {"gym": gym}),
        ("evaluation_sets", {"gym_test": {"dataset": "gym"}}),
        ("evaluation/id", ["gym_test"]),
        ("evaluation/ood", []),
        folder=tmp_path,
    )
    monkeypatch.setattr(reasoning_gym, "check_installed", missing)
    assert refusal(tmp_path, study) == "datasets.gym: reasoning-gym is not installed"
    monkeypatch.setattr(reasoning_gym, "check_installed", lambda: None)
    monkeypatch.setattr(reasoning_gym.Source, "read", lambda _: pytest.fail("it was generated while planning"))
    read_study(study, [])


# contexts ------------------------------------------------------------------------------------------------------------


def with_context(folder: Path, config: dict[str, object], *edits) -> dict[str, object]:
    study = jsonl_study(*edits, folder=folder)
    (folder / "model" / "config.json").write_text(json.dumps({"model_type": "llama", **config}))
    return study


@pytest.mark.parametrize(
    ("edits", "fits", "prompt", "response"),
    [
        ([], 9, 1, 8),
        ([("datasets/words/prompt", {"max_tokens": 20})], 28, 20, 8),
        ([("evaluation/max_new_tokens", 30)], 31, 1, 30),
        ([("evaluation/max_new_tokens", 4)], 9, 1, 8),
        ([("factors/lr/zero", {"rollout.max_new_tokens": 16})], 17, 1, 16),
    ],
    ids=str,
)
def test_the_longest_prompt_and_response_must_fit(tmp_path: Path, edits, fits, prompt, response) -> None:
    read_study(with_context(tmp_path, {"max_position_embeddings": fits}, *edits), [])
    study = with_context(tmp_path, {"max_position_embeddings": fits - 1}, *edits)
    assert refusal(tmp_path, study) == (
        f"models.pretrained: its context of {fits - 1} tokens is shorter than a prompt of {prompt} and a response of "
        f"{response}; lower datasets.words.prompt.max_tokens or max_new_tokens"
    )


def test_a_model_that_does_not_say_its_context_is_looked_at_later(tmp_path: Path) -> None:
    read_study(with_context(tmp_path, {}), [])
    planned(("baseline/rollout/max_new_tokens", 10**6))  # nor does planning know it of a tiny one


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        (["5", "-1,000", "3.5"], "numbers, '5' for instance, which speaks for gsm8k_strict (`#### 5`) or numeric"),
        (["A", "C", "B"], "letters, 'A' for instance, which speaks for choice"),
        ([r"\frac{1}{2}", "x^2", "5"], "formulas, '\\\\frac{1}{2}' for instance, which speaks for math_verify or"),
        (["Paris", "the moon and the sun", "no"], "texts, 'Paris' for instance, which speaks for exact"),
    ],
)
def test_data_that_names_no_verifier_is_told_which_its_answers_speak_for(
    tmp_path: Path, answers: list[str], told: str
) -> None:
    records = [json.dumps({"question": f"{i}?", "answer": answer}) for i, answer in enumerate(answers)]
    for edit, key, name in (
        (("datasets/words/verifier", None), "datasets.words", "train"),
        (("evaluation_sets/other/verifier", None), "evaluation_sets.other", "other"),
    ):
        study = jsonl_study(edit, ("datasets/words/verifier", None), folder=tmp_path, records={name: records})
        if key != "datasets.words":
            study["datasets"]["words"]["verifier"] = "exact"
        line = refusal(tmp_path, study)
        assert line.startswith(
            f"{key}.verifier: it must be named, a file of rewards/verifiers/: its answers are {told}"
        )
