"""The example of a reward that asks a judge, against a stand-in for the server on 127.0.0.1."""

from __future__ import annotations

import importlib.util
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from checkout import ROOT
from rftlab.files import file_sha256
from rftlab.rewards.reward_file import RewardFile, RewardFileError
from scored import scored

JUDGE = ROOT / "config" / "rewards" / "judge.py"
Say = Callable[[int, dict[str, Any]], tuple[int, Any]]
"""Number of the request and its body → status and content."""


class Server(ThreadingHTTPServer):
    """Answers as ``say`` does, and keeps what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.say: Say = lambda number, body: (200, right(body))
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.lock = threading.Lock()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.asked.append((self.path, body))
            number = len(self.server.asked)
        status, content = self.server.say(number, body)
        text = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Nothing."""


def said(text: str) -> dict[str, Any]:
    return {"choices": [{"message": {"role": "assistant", "content": text}}]}


def right(body: dict[str, Any]) -> dict[str, Any]:
    """A judge that finds the reference in the response."""
    text = body["messages"][0]["content"]
    reference, response = (text.split(f"<{tag}>\n")[1].split("\n</")[0] for tag in ("reference", "response"))
    return said("Yes." if reference in response else "no")


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as one:
        threading.Thread(target=one.serve_forever, args=[0.01], daemon=True).start()
        yield one
        one.shutdown()


@pytest.fixture
def ask(server, tmp_path, monkeypatch) -> Callable[..., list[float | None]]:
    """Ask about completions whose reference is 5, in this process and without pauses."""
    spec = importlib.util.spec_from_file_location("judge", JUDGE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "PAUSE", 0.0)

    def about(*completions: str, **parameters: Any) -> list[float | None]:
        records = [{"query": "2+3", "answer": "5", "completion": completion} for completion in completions]
        defaults = {"address": server.address, "model": "m", "cache": str(tmp_path / "cache")}
        return module.reward(records, **{**defaults, **parameters})

    return about


def test_yes_is_paid_and_no_is_not(ask, server) -> None:
    assert ask("it is 5", "it is 6", "5") == [1.0, 0.0, 1.0]
    path, body = server.asked[0]
    assert path == "/v1/chat/completions"
    assert (body["model"], body["temperature"]) == ("m", 0.0)


def test_no_text_is_judged_twice_by_one_model(ask, server, tmp_path) -> None:
    assert ask("5", "5", "6") == [1.0, 1.0, 0.0]
    assert len(server.asked) == 2
    server.say = lambda number, body: (200, said("no"))
    assert ask("6", "5") == [0.0, 1.0]
    assert len(server.asked) == 2
    assert ask("5", model="other") == [0.0]
    assert len(server.asked) == 3
    assert not list(tmp_path.rglob("*.tmp"))


@pytest.mark.parametrize(
    "broken",
    [(503, b"busy"), (429, b""), (200, b"<html>"), (200, {"error": 1}), (200, said("perhaps")), (200, said(""))],
    ids=repr,
)
def test_what_fails_is_asked_again_and_without_an_answer_has_no_value(ask, server, broken) -> None:
    server.say = lambda number, body: broken if number < 3 else (200, right(body))
    assert ask("5") == [1.0]
    assert len(server.asked) == 3
    server.say = lambda number, body: broken
    assert ask("6") == [None]
    assert len(server.asked) == 6
    server.say = lambda number, body: (200, right(body))
    assert ask("6") == [0.0], "a failure is not remembered"


def test_a_server_that_is_not_there_or_too_slow_has_no_verdict(ask, server) -> None:
    waiting = threading.Event()
    server.say = lambda number, body: (200, said(f"yes, after {waiting.wait(5)}"))
    assert ask("5", attempts=1, timeout=0.1) == [None]
    waiting.set()
    assert ask("5", address="http://127.0.0.1:9/v1") == [None]


def test_a_request_that_is_wrong_stops_the_run(ask, server) -> None:
    server.say = lambda number, body: (404, b"no such model")
    with pytest.raises(ValueError, match=r"/v1 refuses the request: 404 b'no such model'$"):
        ask("5")
    assert len(server.asked) == 1


@pytest.mark.parametrize("address", ["http://10.0.0.1:8000/v1", "https://example.com/v1", "127.0.0.1:8000"])
def test_the_judge_is_on_this_machine(ask, address: str) -> None:
    with pytest.raises(ValueError, match=r"^address: the judge has to be on this machine, at 127\.0\.0\.1, not at"):
        ask("5", address=address)


def test_it_is_a_reward_file(server, tmp_path) -> None:
    """As a run has it: in processes, counted by reason, one line where it is wrong."""
    server.say = lambda number, body: (503, b"") if "unlucky" in body["messages"][0]["content"] else (200, right(body))
    parameters = {"address": server.address, "model": "m", "attempts": 1, "cache": str(tmp_path / "cache")}
    reward = RewardFile(str(JUDGE), file_sha256(JUDGE), parameters)
    rollouts = scored({"completion": "answer 0"}, {"completion": "unlucky"}, {"completion": "answer 7"})
    try:
        parts, failures = reward(rollouts)
        assert parts["file"].tolist() == [1.0, 0.0, 0.0]
        assert failures == [None, "unscored", None]
        server.say = lambda number, body: (404, b"no such model")
        with pytest.raises(RewardFileError, match=r"judge\.py: reward\(\) raises ValueError\(.*404.*\) in line \d+$"):
            reward(scored({"completion": "new"}))
    finally:
        reward.pool.close()
