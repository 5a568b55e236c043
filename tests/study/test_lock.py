"""A lock is used exactly, or refused in one line with the command that renews it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from rftlab.cli import app
from rftlab.errors import BadInputError
from rftlab.planning.forecast import forecast, weights_bytes
from rftlab.planning.plan import Plan
from rftlab.planning.planfile import describe
from rftlab.study.lock import lock_path, read_lock, write_lock
from rftlab.study.read import load_study, read_study
from studies import changed, refusal

COMMIT, SHA256 = "0123456789" * 4, "ab" * 32
LOCK: dict[str, list[dict[str, Any]]] = {
    "models": [
        {
            "id": "org/model",
            "revision": "main",
            "commit": COMMIT,
            "architecture": "llama",
            "context": 64,
            "chat_template": False,
            "parameters": 1000,
            "files": {"config.json": SHA256},
        }
    ],
    "datasets": [
        {
            "id": "org/data",
            "name": None,
            "revision": "main",
            "commit": COMMIT,
            "reader": "json",
            "options": {},
            "splits": {name: {"records": 9, "files": {f"{name}.jsonl": SHA256}} for name in ("train", "test")},
        }
    ],
}
SPLITS = {"train": "train", "test": "test"}
OWN = {"shift": "s", "verifier": "numeric"}
STUDY = changed(
    ("models", {"m": {"source": "hub", "id": "org/model"}}),
    (
        "datasets",
        {"d": {"source": "hub", "id": "org/data", "splits": {"train": "train", "test": "test"}, "verifier": "numeric"}},
    ),
    ("evaluation_sets", {"d_test": {"dataset": "d"}}),
    ("evaluation/id", ["d_test"]),
    ("evaluation/ood", []),
)


def refused(folder: Path, *edits: tuple[str, Any], lock: dict[str, Any] | None = LOCK) -> str:
    if lock is not None:
        write_lock(folder / "study.lock", lock, folder / "study.yaml")
    return refusal(folder, changed(*edits, study=STUDY)).replace(f"{folder}/", "")


def test_a_lock_is_beside_its_study() -> None:
    assert lock_path("config/paper.yaml") == Path("config/paper.lock")


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_lock(tmp_path / "study.lock", LOCK, Path("study.yaml"))
    assert read_lock(tmp_path / "study.lock") == LOCK
    before = (tmp_path / "study.lock").read_bytes()
    write_lock(tmp_path / "study.lock", read_lock(tmp_path / "study.lock"), Path("study.yaml"))
    assert (tmp_path / "study.lock").read_bytes() == before


def test_jobs_are_given_commits_and_digests(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(STUDY))
    write_lock(tmp_path / "study.lock", LOCK, tmp_path / "study.yaml")
    study = load_study(tmp_path / "study.yaml")
    plan = Plan(study)
    files = {"config.json": SHA256}
    assert plan.resources.model("m") == {"source": "hub", "id": "org/model", "commit": COMMIT, "files": files}
    assert plan.resources.data["d"]["splits"]["test"] == {"split": "test", "files": {"test.jsonl": SHA256}}
    given = yaml.safe_load(study.model_dump_json(exclude_unset=True))  # to a job that knows no study file
    assert describe(Plan(read_study(given, []))) == describe(plan)


def test_another_commit_is_another_model_and_the_revisions_name_is_not(tmp_path: Path) -> None:
    def folders(lock: dict[str, Any], study: dict[str, Any]) -> tuple[str, str]:
        (tmp_path / "study.yaml").write_text(yaml.safe_dump(study))
        write_lock(tmp_path / "study.lock", lock, tmp_path / "study.yaml")
        plan = Plan(load_study(tmp_path / "study.yaml"))
        return plan.resources.model_folder("m"), plan.resources.data_folder("d")

    newer = {kind: [entry | {"commit": "f" * 40} for entry in entries] for kind, entries in LOCK.items()}
    named = {kind: [entry | {"revision": "v1"} for entry in entries] for kind, entries in LOCK.items()}
    tagged = changed(("models/m/revision", "v1"), ("datasets/d/revision", "v1"), study=STUDY)
    before, other, same = folders(LOCK, STUDY), folders(newer, STUDY), folders(named, tagged)
    assert before[0] != other[0]
    assert before[1] != other[1]
    assert before == same


def test_no_lock(tmp_path: Path) -> None:
    assert refused(tmp_path, lock=None) == (
        "models.m: org/model is on the model hub and there is no study.lock: run `rftlab fetch study.yaml` beforehand, "
        "on a machine that reaches the hub, such as a login node; it fetches org/model, org/data"
    )


def test_a_study_of_several_files_has_its_lock_beside_the_last(tmp_path: Path) -> None:
    first, second = tmp_path / "study.yaml", tmp_path / "more.yaml"
    first.write_text(yaml.safe_dump(STUDY))
    second.write_text("seeds: [7]")
    with pytest.raises(BadInputError, match=rf"there is no {tmp_path}/more.lock: run `rftlab fetch {first} {second}`"):
        load_study(first, second)
    for beside in (first, second):
        write_lock(beside.with_suffix(".lock"), LOCK, "study.yaml more.yaml")
        assert load_study(first, second).seeds == [7]
        beside.with_suffix(".lock").unlink()


def test_what_a_study_costs_is_planned_without_a_lock_as_far_as_it_is_known(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(STUDY))
    expected, totals = forecast(Plan(load_study(path, unlocked=True))), {"runs": 15, "rounds": 90, "rollouts": 792}
    assert totals.items() <= expected["totals"].items()
    assert expected["totals"]["disk_bytes"] is expected["base_evaluation_rows"] is None
    assert not expected["locked"]
    for limit in (("evaluation_sets/d_test/limit_queries", 5), ("datasets/d/limit", {"test": 5})):
        path.write_text(yaml.safe_dump(changed(limit, study=STUDY)))
        assert forecast(Plan(load_study(path, unlocked=True)))["base_evaluation_rows"] == 5 * 3
    printed = CliRunner().invoke(app, ["plan", str(path)])
    assert printed.exit_code == 0
    assert f"the study cannot be run before `rftlab fetch {path}`" in " ".join(printed.stdout.split())
    with pytest.raises(BadInputError, match="there is no "):
        load_study(path)
    write_lock(tmp_path / "study.lock", {**LOCK, "models": []}, path)  # one that is there must match
    with pytest.raises(BadInputError, match="no longer matches: it has no org/model"):
        load_study(path, unlocked=True)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (
            (
                "evaluation_sets/own",
                {"source": "hub", "id": "org/data", "splits": {"train": "train"}, **OWN},
            ),
            "evaluation_sets.own: there is no split 'test'; it has train",
        ),
        (
            (
                "evaluation_sets/own",
                {"source": "jsonl", "files": {"test": "nowhere.jsonl"}, **OWN},
            ),
            "evaluation_sets.own: nowhere.jsonl: cannot be read",
        ),
        (
            ("evaluation_sets/own", {"source": "procedural", "family": "chains", "sizes": {"train": 4}, "shift": "s"}),
            "evaluation_sets.own: there is no split 'test'; it has train",
        ),
        (("models/m/lock", {"commit": COMMIT}), "models.m"),
        (
            (
                "datasets/d/lock",
                {k: v for k, v in LOCK["datasets"][0].items() if k not in ("id", "name", "revision")},
            ),
            "datasets.d: unknown key 'lock'; commits are in ",
        ),
    ],
)
def test_without_a_lock_all_else_is_checked(tmp_path: Path, edit: tuple[str, Any], message: str) -> None:
    own = [("evaluation/ood", ["own"])] if edit[0].endswith("/own") else []
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(changed(edit, *own, study=STUDY)))
    with pytest.raises(BadInputError) as refusal:
        load_study(path, unlocked=True)
    assert str(refusal.value).startswith(f"{path}: ")
    assert message in str(refusal.value)


def test_a_tiny_model_learns_nothing_of_the_hub(tmp_path: Path) -> None:
    hub = {"source": "hub", "id": "org/data", "splits": {"test": "test"}, **OWN}
    edits = (("evaluation_sets/longer", hub), ("models/tiny/train_on/longer", 1))
    assert "a tiny model knows procedural tasks only" in refusal(tmp_path, changed(*edits))


def test_a_tiny_model_beside_one_without_a_lock_has_its_own_size(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(changed(("models/hub", {"source": "hub", "id": "org/model"}))))
    plan = Plan(load_study(path, unlocked=True))
    assert {name: weights_bytes(plan, name) is None for name in plan.study.models} == {"tiny": False, "hub": True}


@pytest.mark.parametrize(
    ("edit", "difference"),
    [
        (("models/m/id", "org/other"), "models.m: study.lock no longer matches: it has no org/other"),
        (
            ("models/m/revision", "v2"),
            "models.m: study.lock no longer matches: it has org/model at revision 'main', the study asks for 'v2'",
        ),
        (
            ("datasets/d/name", "main"),
            "datasets.d: study.lock no longer matches: it has org/data at name None, the study asks for 'main'",
        ),
        (
            ("datasets/d/splits/validation", "dev"),
            "datasets.d: study.lock no longer matches: it has no split 'dev' of org/data",
        ),
    ],
)
def test_a_lock_that_no_longer_matches(tmp_path: Path, edit, difference: str) -> None:
    assert refused(tmp_path, edit) == f"{difference}; `rftlab fetch study.yaml` renews it"


def test_commits_are_not_written_into_a_study(tmp_path: Path) -> None:
    lock = {key: value for key, value in LOCK["models"][0].items() if key not in ("id", "revision")}
    assert refused(tmp_path, ("models/m/lock", lock)).startswith("models.m: unknown key 'lock'; commits are in")
    for source in ("models/m", "datasets/d"):
        refusal = refused(tmp_path, (f"{source}/lock", None))
        assert refusal.startswith(f"{source.replace('/', '.')}: unknown key 'lock'; commits are in")
    message = refused(tmp_path, ("models/m/locks", 1))
    assert message == "models.m: unknown key 'locks'; valid keys: source, id, revision", "and no hint of a key of ours"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[1]", "the file holds a list"),
        ("models: []", "datasets: a list of id, name, revision, … is needed; `rftlab fetch` writes it"),
        ("models: [{id: a}]\ndatasets: []", "models: a list of id, revision, … is needed"),
        (
            "models: [{id: a, revision: main, commit: v1}]\ndatasets: []",
            "a: commit: a text like ^[0-9a-f]{40}$ is needed, not 'v1' (and 4 more); `rftlab fetch` writes it",
        ),
    ],
)
def test_what_is_no_lock(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "study.lock").write_text(text)
    with pytest.raises(BadInputError) as error:
        read_lock(tmp_path / "study.lock")
    assert str(error.value).startswith(f"{tmp_path}/study.lock: {expected}")


@pytest.mark.parametrize("name", ["a b", "../x", "a/b/c", "", "a--b", "https://x"])
def test_what_cannot_be_a_repository(tmp_path: Path, name: str) -> None:
    assert refused(tmp_path, ("models/m/id", name)).startswith(f"models.m.id: id: {name!r} cannot be a repository")
    assert refused(tmp_path, ("datasets/d/id", name)).startswith(f"datasets.d: id: {name!r} cannot be a repository")


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (("datasets/d/prompt", {"chat": True}), "models.m: org/model has no chat template; set prompt.chat of the"),
        (
            ("datasets/d/prompt", {"max_tokens": 57}),
            "models.m: its context of 64 tokens is shorter than a prompt of 57 and a response of 8; lower datasets.d.",
        ),
        (("baseline/rollout/max_new_tokens", 64), "models.m: its context of 64 tokens is shorter than a prompt of 1 "),
        (
            ("factors/rollouts/long", {"rollout.max_new_tokens": 64}),
            "models.m: its context of 64 tokens is shorter than a prompt of 1 and a response of 64; ",
        ),
        (("evaluation/max_new_tokens", 64), "models.m: its context of 64 tokens is shorter than a prompt of 1 "),
    ],
)
def test_what_the_lock_lets_planning_refuse(tmp_path: Path, edit, expected: str) -> None:
    assert refused(tmp_path, edit).startswith(expected)


def test_a_prompt_and_a_response_that_just_fit(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(
        yaml.safe_dump(changed(("datasets/d/prompt", {"max_tokens": 56}), study=STUDY))
    )
    write_lock(tmp_path / "study.lock", LOCK, tmp_path / "study.yaml")
    assert load_study(tmp_path / "study.yaml").datasets["d"].prompt.max_tokens == 56
