"""The model hub on 127.0.0.1: commits, files with their digests, the cache, and every refusal in one line."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from huggingface_hub import constants, errors

from hubserver import TOKEN, Hub, Repository, environment, serve
from rftlab import hub
from rftlab.errors import BadInputError
from rftlab.jobs.environment import STUDY

NOWHERE = "http://127.0.0.1:9"  # the discard port: nothing listens there
FILES = {"b.txt": b"second", "a/one.txt": b"first", "c.txt": b"third", "d.txt": b"fourth", "e.txt": b"fifth"}
DIGESTS = {name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()}
OPEN = Repository(FILES)
ASK = """
import dataclasses, json, os, sys
from pathlib import Path
from rftlab import hub
from rftlab.errors import BadInputError

def plain(answer):
    if isinstance(answer, Path):
        return answer.read_text()
    if isinstance(answer, dict):
        return {name: plain(value) for name, value in answer.items()}
    return dataclasses.asdict(answer) if isinstance(answer, hub.Commit) else answer

answers = []
for function, arguments, token in json.load(sys.stdin):
    os.environ.pop("HF_TOKEN", None)
    os.environ.update({"HF_TOKEN": token} if token else {})
    try:
        answers.append(plain(getattr(hub, function)(*arguments)))
    except BadInputError as error:
        answers.append(f"refused: {error}")
print(json.dumps(answers))
"""


def ask(folder: Path, url: str, *questions: tuple[Any, ...], token: str | None = None, **other: str) -> list[Any]:
    """What functions of the module answer in one process with a cache of its own; files as their content."""
    asked = [(function, arguments, token) for function, *arguments in questions]
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        cwd=folder,
        env=environment(folder, url, **other),
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    answers: list[Any] = json.loads(done.stdout.splitlines()[-1])
    assert all(answer.isprintable() for answer in answers if isinstance(answer, str) and "refused" in answer)
    return answers


@pytest.fixture(scope="module")
def served() -> Iterator[Hub]:
    with serve() as running:
        running.repositories |= {
            ("models", "org/open"): OPEN,
            ("datasets", "org/open"): Repository({"data.txt": b"of the dataset"}),
            ("models", "org/gated"): Repository(FILES, gated=True),
            ("models", "org/private"): Repository(FILES, private=True),
        }
        yield running


@pytest.fixture(scope="module")
def cached(served: Hub, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a cache that has two of the files."""
    folder = tmp_path_factory.mktemp("cached")
    digests = {name: DIGESTS[name] for name in ("a/one.txt", "b.txt")}
    (found,) = ask(folder, served.url, ("files", "model", "org/open", OPEN.commit, digests))
    assert found == {"a/one.txt": "first", "b.txt": "second"}
    return folder


def test_a_revision_is_resolved_to_its_commit_and_the_names_of_its_files(served: Hub, tmp_path: Path) -> None:
    model = {"sha": OPEN.commit, "files": sorted(FILES)}
    dataset = {"sha": served.repositories["datasets", "org/open"].commit, "files": ["data.txt"]}
    assert ask(
        tmp_path,
        served.url,
        ("resolve", "model", "org/open", "main"),
        ("resolve", "model", "org/open", OPEN.commit),
        ("resolve", "dataset", "org/open", "main"),
        ("download", "dataset", "org/open", dataset["sha"], "data.txt"),
    ) == [model, model, dataset, "of the dataset"]


def test_what_cannot_be_had_is_refused_with_what_to_do(served: Hub, tmp_path: Path) -> None:
    questions = [
        ("resolve", "model", "org/none", "main"),
        ("resolve", "dataset", "org/gated", "main"),
        ("resolve", "model", "org/private", "main"),
        ("resolve", "model", "org/open", "v9"),
        ("resolve", "model", "org/gated", "main"),
        ("download", "model", "not/an/id", OPEN.commit, "b.txt"),
        ("download", "model", "org/open", OPEN.commit, "none.txt"),
    ]
    refusals = ask(tmp_path, served.url, *questions)
    hidden = "or shows it only to others; check the id, or set HF_TOKEN if it is private"
    assert refusals[:5] == [
        f"refused: model org/none: the hub has no such model, {hidden}",
        f"refused: dataset org/gated: the hub has no such dataset, {hidden}",
        f"refused: model org/private: the hub has no such model, {hidden}",
        "refused: model org/open: there is no revision 'v9'; a branch, tag or commit is needed",
        "refused: model org/gated is gated: accept its terms on the hub's page org/gated, then set HF_TOKEN to a "
        "token of that account",
    ]
    assert refusals[5].startswith("refused: model not/an/id: this cannot be a repository's id: ")
    assert refusals[6].startswith(f"refused: model org/open: no such file at {OPEN.commit}: ")


def test_a_token_opens_what_is_its_accounts(served: Hub, tmp_path: Path) -> None:
    questions = [("resolve", "model", f"org/{name}", "main") for name in ("gated", "private", "none")]
    *opened, none = ask(tmp_path, served.url, *questions, token=TOKEN)
    assert [answer["files"] for answer in opened] == [sorted(FILES)] * 2
    assert none == "refused: model org/none: the hub has no such model, or shows it only to others; check the id"
    (gated, _, _) = ask(tmp_path, served.url, *questions, token="hf_other")
    assert gated == (
        "refused: model org/gated is gated: the account of HF_TOKEN may not read it; accept its terms on the hub's "
        "page org/gated"
    )


def test_a_token_in_a_file_is_not_used(served: Hub, tmp_path: Path) -> None:
    (tmp_path / "hf").mkdir()
    (tmp_path / "hf/token").write_text(TOKEN)
    served.tokens.clear()
    (answer,) = ask(tmp_path, served.url, ("resolve", "model", "org/private", "main"))
    assert answer.startswith("refused: ")
    assert served.tokens == {None}


def test_files_of_the_cache_need_no_hub(served: Hub, cached: Path) -> None:
    digests = {name: DIGESTS[name] for name in ("b.txt", "a/one.txt")}
    served.asked.clear()
    question = ("files", "model", "org/open", OPEN.commit, digests)
    expected = {"a/one.txt": "first", "b.txt": "second"}
    assert ask(cached, served.url, question) == [expected]
    assert served.asked == []
    assert ask(cached, NOWHERE, question) == [expected]
    assert ask(cached, NOWHERE, question, HF_HUB_OFFLINE="1") == [expected]
    assert ask(cached, NOWHERE, ("download", "model", "org/open", OPEN.commit, "b.txt")) == ["second"]


@pytest.mark.parametrize("offline", ["0", "1"])
def test_files_that_are_neither_in_the_cache_nor_to_be_had_are_counted(cached: Path, offline: str) -> None:
    question = ("files", "model", "org/open", OPEN.commit, DIGESTS)
    (refusal,) = ask(cached, NOWHERE, question, HF_HUB_OFFLINE=offline, RFTLAB_STUDY="mine.yaml")
    reason = "HF_HUB_OFFLINE is set, so the hub is not asked" if offline == "1" else f"the hub at {NOWHERE} cannot be"
    place = f"3 of 5 files of model org/open at commit {OPEN.commit[:12]} are not in the cache (c.txt, d.txt, e.txt): "
    assert refusal.startswith(f"refused: {place}{reason}")
    assert refusal.endswith(
        "; `rftlab fetch mine.yaml` on a machine that reaches the hub, such as a login node, fetches them beforehand"
    )


def test_only_what_is_missing_is_fetched(served: Hub, tmp_path: Path) -> None:
    first = ("files", "model", "org/open", OPEN.commit, {"b.txt": DIGESTS["b.txt"]})
    ask(tmp_path, served.url, first)
    served.asked.clear()
    digests = {name: DIGESTS[name] for name in ("b.txt", "c.txt")}
    (found,) = ask(tmp_path, served.url, ("files", "model", "org/open", OPEN.commit, digests))
    assert found == {"b.txt": "second", "c.txt": "third"}
    assert not any("b.txt" in path for path in served.asked)
    assert any("c.txt" in path for path in served.asked)


def test_a_file_with_another_digest_is_refused_with_both(served: Hub, cached: Path) -> None:
    wrong = {"a/one.txt": DIGESTS["a/one.txt"], "b.txt": "f" * 64}
    (refusal,) = ask(cached, served.url, ("files", "model", "org/open", OPEN.commit, wrong))
    assert refusal.startswith(
        f"refused: model org/open: b.txt at commit {OPEN.commit[:12]} has the digest {DIGESTS['b.txt'][:12]}…, "
        "the lock has ffffffffffff…; delete /"
    )
    assert refusal.endswith("/b.txt from the cache and run `rftlab fetch STUDY`")


def response(status: int) -> httpx2.Response:
    return httpx2.Response(status, request=httpx2.Request("GET", NOWHERE))


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            errors.HfHubHTTPError("500:\n server  error", response=response(500)),
            "dataset a/b: the hub answers with an error: 500: server error",
        ),
        (
            errors.HfHubHTTPError("x" * 500, response=response(429)),
            f"dataset a/b: the hub answers with an error: {'x' * 200}",
        ),
        (
            errors.HfHubHTTPError("forbidden", response=response(403)),
            "dataset a/b: the hub refuses access: accept its terms on the hub's page datasets/a/b, then set HF_TOKEN "
            "to a token of that account",
        ),
        (errors.EntryNotFoundError("gone"), "dataset a/b: no such file at v1: gone"),
        (errors.LocalEntryNotFoundError("not cached"), f"the hub at {NOWHERE} cannot be reached"),
        (ConnectionResetError(), f"the hub at {NOWHERE} cannot be reached"),
        (httpx2.ConnectTimeout("slow"), f"the hub at {NOWHERE} cannot be reached"),
    ],
)
def test_every_failure_of_the_hub_is_one_line(monkeypatch: pytest.MonkeyPatch, error: Exception, line: str) -> None:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr(constants, "ENDPOINT", NOWHERE)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)

    def fail() -> None:
        raise error

    with pytest.raises(BadInputError) as refused:
        hub.ask("dataset", "a/b", "v1", fail)
    assert str(refused.value) == line


def test_an_answer_is_returned_and_other_errors_keep_their_traceback() -> None:
    assert hub.ask("model", "a/b", "main", lambda: 5) == 5
    with pytest.raises(ZeroDivisionError):
        hub.ask("model", "a/b", "main", lambda: 1 // 0)


def test_why_the_hub_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", NOWHERE)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert hub.unreachable() == "HF_HUB_OFFLINE is set, so the hub is not asked"
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    assert hub.unreachable() == f"the hub at {NOWHERE} cannot be reached"


def test_the_token_is_that_of_the_environment_or_none_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    for given, token in ((None, False), ("", False), ("hf_x", "hf_x")):
        monkeypatch.delenv("HF_TOKEN", raising=False)
        if given is not None:
            monkeypatch.setenv("HF_TOKEN", given)
        assert hub.token() == token


def test_the_command_that_fetches_names_the_study_of_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(STUDY, raising=False)
    assert hub.fetch_command() == "`rftlab fetch STUDY`"
    monkeypatch.setenv(STUDY, "config/mine.yaml")
    assert hub.fetch_command() == "`rftlab fetch config/mine.yaml`"


@pytest.mark.parametrize(
    ("names", "most", "text"),
    [
        ([], 3, ""),
        (["a"], 3, "a"),
        (["a", "b", "c"], 3, "a, b, c"),
        (["a", "b", "c", "d", "e"], 3, "a, b, c and 2 more"),
        (["a", "b"], 1, "a and 1 more"),
    ],
)
def test_a_long_list_is_shortened(names: list[str], most: int, text: str) -> None:
    assert hub.shortened(names, most) == text


def test_importing_it_imports_no_huggingface_hub() -> None:
    code = "import sys, rftlab.hub; sys.exit(bool({'huggingface_hub', 'httpx2'} & {*sys.modules}))"
    subprocess.run([sys.executable, "-c", code], check=True)
