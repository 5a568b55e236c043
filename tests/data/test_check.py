"""Before any training: answers that can be scored, evaluation sets that are new, and what is not new has a reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from rftlab import levels
from rftlab.data.check import check_answers, clusters, gold_form, main, try_reward
from rftlab.data.queries import Query
from rftlab.data.sources import source_of
from rftlab.data.stage import stage
from rftlab.errors import BadInputError
from rftlab.files import file_sha256
from rftlab.study.read import load_study
from studies import GONE, jsonl_study, planned

TRAIN = ["What is one?", "what is  two?", "What is three?"]


def checked(folder: Path, tests: list[str], verifier: str = "gsm8k_strict", answer: str = "1", **entry: Any) -> Any:
    """What the stage writes for a study of one dataset and one set."""
    for name, questions in (("train", TRAIN), ("test", tests)):
        lines = [json.dumps({"question": q, "answer": answer}) for q in questions]
        (folder / f"{name}.jsonl").write_text("\n".join(lines))
        stage({"source": "jsonl", "files": {name: str(folder / f"{name}.jsonl")}}, folder / name)
    config = {
        "datasets": {"d": {"path": str(folder / "train/train.jsonl"), "verifier": verifier}},
        "evaluation_sets": {
            "t": {
                "path": str(folder / "test/test.jsonl"),
                "verifier": verifier,
                "limit": None,
                "split": "test",
                "overlap": None,
            }
            | entry
        },
    }
    main(["--config", json.dumps(config), "--output", str(folder / "data.json")])
    return json.loads((folder / "data.json").read_text())


@pytest.mark.parametrize(
    "config",
    [
        "[]",
        '{"datasets": {}}',
        '{"datasets": 3, "evaluation_sets": {}}',
        '{"datasets": {"a": 1}, "evaluation_sets": {}}',
        '{"datasets": {"a": {"path": 3, "verifier": "marked"}}, "evaluation_sets": {}}',
        '{"datasets": {}, "evaluation_sets": {"a": {"path": "x", "verifier": "marked"}}}',
    ],
)
def test_a_configuration_that_is_none_is_refused_in_one_line(config: str, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"^--config: .*needed"):
        main(["--config", config, "--output", str(tmp_path / "data.json")])


def test_new_queries(tmp_path: Path) -> None:
    found = checked(tmp_path, ["What is four?"])
    train, test = (file_sha256(tmp_path / name / f"{name}.jsonl") for name in ("train", "test"))
    assert found == {
        "datasets": {
            "d": {"queries": 3, "duplicates": 0, "conflicts": 0, "unanswered": [], "several_boxes": [], "sha256": train}
        },
        "evaluation_sets": {"t": {"queries": 1, "sha256": test, "overlap": {}, "reason": None, "clusters": {}}},
    }


def test_clusters_are_told_by_query(tmp_path: Path) -> None:
    path = tmp_path / "test.jsonl"
    records = [{"question": f"What is {n}?", "answer": "1", "cluster": name} for n, name in (("4", "a"), ("5", None))]
    path.write_text("".join(json.dumps(record) + "\n" for record in [*records, {"question": "And 6?", "answer": "1"}]))
    queries = source_of({"source": "jsonl", "files": {"test": str(path)}}).read()["test"].queries
    assert clusters(queries, "f.jsonl") == {queries[0].id: "a"}


def test_a_cluster_that_is_no_text_is_refused_by_file_and_row() -> None:
    queries = [Query("1", "a", "1"), Query("2", "b", "1", {"cluster": 4})]
    with pytest.raises(BadInputError, match=r"^f\.jsonl:2: field 'cluster' is 4; a text"):
        clusters(queries, "f.jsonl")


@pytest.mark.parametrize(
    ("tests", "how"),
    [
        (["What is one?", "new"], "1 of its 2 queries are in the training split of d; evaluation"),
        (
            ["WHAT is one? ", "new"],
            "1 of its 2 queries are in the training split of d, 0 of them character by",
        ),
        (["What is one?", "What is two?"], "2 of its 2 queries are in the training split of d, 1 of them character by"),
    ],
)
def test_queries_that_are_trained_on(tmp_path: Path, tests: list[str], how: str) -> None:
    with pytest.raises(SystemExit) as exit_:
        checked(tmp_path, tests)
    assert str(exit_.value).startswith(f"evaluation_sets.t: {how}")
    assert str(exit_.value).endswith("evaluation queries must be new, unless `overlap` says why these are not")
    assert not (tmp_path / "data.json").exists()


def test_a_reason_lets_them_pass_and_is_repeated(tmp_path: Path) -> None:
    found = checked(tmp_path, ["What is one?", "What is two?", "new"], overlap="memorisation is what is measured")
    assert found["evaluation_sets"]["t"] == {
        "queries": 3,
        "sha256": file_sha256(tmp_path / "test/test.jsonl"),
        "overlap": {"d": {"exact": 1, "normalised": 2}},
        "reason": "memorisation is what is measured",
        "clusters": {},
    }


def test_only_the_queries_that_are_used_count(tmp_path: Path) -> None:
    assert checked(tmp_path, ["new", "What is one?"], limit=1)["evaluation_sets"]["t"]["queries"] == 1


def test_an_answer_that_no_verifier_scores(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="rewards/verifiers/numeric compares numbers; the answer 'blue' is not one"):
        checked(tmp_path, ["new"], verifier="numeric", answer="blue")
    with pytest.raises(SystemExit, match="no completion can be right: the answer 'blue' is nothing that"):
        checked(tmp_path, ["new"], answer="blue")


def test_planning_refuses_it_too_and_takes_the_reason(tmp_path: Path) -> None:
    record = '{"question": "TRAIN  3?", "answer": "3"}'
    study = jsonl_study(folder=tmp_path, records={"other": [record, '{"question": "new?", "answer": "1"}']})
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(study))
    with pytest.raises(BadInputError, match="1 of its 2 queries are in the training split of words, 0 of them"):
        load_study(tmp_path / "study.yaml")
    study["evaluation_sets"]["other"]["overlap"] = "a known duplicate"
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(study))
    assert load_study(tmp_path / "study.yaml").evaluation_sets["other"].overlap == "a known duplicate"
    study["evaluation_sets"]["other"]["overlap"] = ""
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(study))
    with pytest.raises(BadInputError, match=r"other.overlap: a text that is not empty is needed, not ''"):
        load_study(tmp_path / "study.yaml")


def test_the_plan_asks_for_every_training_split_and_every_set() -> None:
    config = json.loads(planned().datacheck_params()["config"])
    assert list(config["datasets"]) == ["chains"]
    assert {name: entry["split"] for name, entry in config["evaluation_sets"].items()} == {
        "chains_test": "test",
        "chains_validation": "validation",
        "longer": "test",
    }
    before = planned().run_params(next(planned().runs()))
    reasoned = planned(("evaluation_sets/longer/overlap", "on purpose"))
    assert reasoned.run_params(next(reasoned.runs())) == before, "a reason retrains nothing"
    assert reasoned.datacheck_params() != planned().datacheck_params()


@pytest.mark.parametrize(
    ("body", "line"),
    [
        (
            "return [1.0 / len(r['completion']) for r in records]",
            r"my\.py: reward\(\) raises ZeroDivisionError.* line 2$",
        ),
        ("return [1.0]", r"my\.py: reward\(\) returns 1 values for 6 records$"),
        ("return [float(r['correct']) for r in records]", None),
    ],
)
def test_a_reward_file_is_tried_on_right_and_empty_answers(tmp_path: Path, capsys, body: str, line: str | None) -> None:
    path = tmp_path / "my.py"
    path.write_text(f"def reward(records):\n    {body}\n")
    queries = [Query(str(i), f"{i}?", str(i)) for i in range(3)]
    if line is None:
        try_reward(str(path), {}, "gsm8k_strict", queries)
    else:
        with pytest.raises(BadInputError, match=line):
            try_reward(str(path), {}, "gsm8k_strict", queries)
    path.write_text("def reward(records):\n    raise SystemExit\n")
    try_reward(str(path), {}, "gsm8k_strict", queries)
    assert "my.py: tried with 6 records, and could not score them: crashed" in capsys.readouterr().out


def test_the_reward_files_of_a_study_are_tried_each_once_with_its_parameters(tmp_path: Path) -> None:
    path = tmp_path / "my.py"
    path.write_text("def reward(records, *, scale=1.0):\n    raise KeyError(scale)\n")
    assert "rewards" not in json.loads(planned().datacheck_params()["config"])
    plan = planned(
        ("factors/reward/mine", {"reward.file": str(path)}),
        ("factors/reward/twice", {"reward": {"file": str(path), "parameters": {"scale": 2.0}}}),
        ("factors/reward/longer", {"reward.file": str(path), "reward.terms": {"format": {}}}),
    )
    config = json.loads(plan.datacheck_params()["config"])
    assert [entry["parameters"]["scale"] for entry in config["rewards"]] == [1.0, 2.0]
    tuned = planned(
        ("baseline/reward", {"file": str(path)}),
        ("tune", {"reward.parameters.scale": [1.0, 3.0]}),
        ("factors/lr", GONE),
    )
    tried = json.loads(tuned.datacheck_params()["config"])["rewards"]
    assert [entry["parameters"]["scale"] for entry in tried] == [1.0, 3.0], "values that are chosen from as well"
    with pytest.raises(BadInputError, match=r"my\.py: reward\(\) raises KeyError\(1\.0\) in line 2"):
        try_reward(str(path), config["rewards"][0]["parameters"], "marked", [Query("a", "1?", "1")])


@pytest.mark.parametrize(
    "form",
    ["{} {}", "{a}{}", "{}{", "}{}", "{0}", "{!r}", "{:>9}", "{{}}", "\\boxed{{}}", "", 3, None, ["{}"]],
    ids=repr,
)
def test_a_form_without_one_place_for_the_answer_is_the_verifiers_fault(form, monkeypatch) -> None:
    file = levels.LevelFile("rewards.verifiers", "mine", "", {}, {"GOLD": form})
    monkeypatch.setattr(levels, "read", lambda kind, name: file)
    with pytest.raises(BadInputError, match=r"^datasets.d.verifier: rewards/verifiers/mine.py needs GOLD, how a right"):
        gold_form("datasets.d", "mine")


@pytest.mark.parametrize("form", ["{}", "#### {}", "\\boxed{{{}}}"])
def test_a_form_has_one_place_for_the_answer(form: str, monkeypatch) -> None:
    file = levels.LevelFile("rewards.verifiers", "mine", "", {}, {"GOLD": form})
    monkeypatch.setattr(levels, "read", lambda kind, name: file)
    assert gold_form("datasets.d", "mine") == form


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("def verify(:", "rewards/verifiers/mine.py is not Python"),
        ("GOLD = '{}'\n", "rewards/verifiers/mine.py defines no function verify()"),
        ("STRICT = 1\n\ndef verify(completion, answer): ...\n", "rewards/verifiers/mine.py: STRICT needs the name of"),
        ("STRICT = 'no'\n\ndef verify(completion, answer): ...\n", "'no' is not one of mine"),
    ],
)
def test_a_verifier_that_cannot_be_read_is_told_by_its_key(code: str, message: str, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(levels, "PACKAGE", tmp_path)
    (tmp_path / "rewards" / "verifiers").mkdir(parents=True)
    (tmp_path / "rewards" / "verifiers" / "mine.py").write_text(code)
    with pytest.raises(BadInputError) as error:
        check_answers("datasets.d", "mine", [])
    assert str(error.value).startswith(f"datasets.d.verifier: {message}")
