"""A model hub on 127.0.0.1, with the endpoints that huggingface_hub and datasets ask for, and commands run against it.

A repository is a mapping of file name → bytes at one commit; it may be gated or private. What is asked is recorded.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "hf_test"


@dataclass
class Repository:
    """A model or dataset: its files at its one commit, and who may read them."""

    files: dict[str, bytes]
    gated: bool = False
    private: bool = False

    @property
    def commit(self) -> str:
        """A name for the content, as git would give it one."""
        hasher = hashlib.sha1(repr(sorted(self.files.items())).encode(), usedforsecurity=False)
        return hasher.hexdigest()


@dataclass
class Hub:
    """Repositories by ``(kind, id)``, kind being models or datasets; ``asked`` are the paths of all requests."""

    repositories: dict[tuple[str, str], Repository] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    tokens: set[str | None] = field(default_factory=set)
    url: str = ""

    def answer(self, method: str, path: str, token: str | None, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and content."""
        url = urlsplit(path)
        parts = unquote(url.path).strip("/").split("/")
        if parts[0] == "api":
            kind, rest = parts[1], parts[2:]
        else:
            kind = "datasets" if parts[0] == "datasets" else "models"
            rest = parts[1:] if kind == "datasets" else parts
        name, rest = "/".join(rest[:2]), rest[2:]
        repository = self.repositories.get((kind, name))
        if repository is None or (repository.private and token != TOKEN):
            return 401, {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"}, b""
        if rest[:1] in (["revision"], ["tree"], ["paths-info"], ["resolve"]) and rest[1] not in (
            "main",
            repository.commit,
        ):
            return 404, {"X-Error-Code": "RevisionNotFound", "X-Error-Message": "Invalid rev id"}, b""
        refused = repository.gated and token != TOKEN
        if refused and rest[:1] in (["auth-check"], ["resolve"]):
            return 403 if token else 401, {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access is restricted"}, b""
        if rest[:1] == ["auth-check"]:
            return 200, {}, b"{}"
        if rest[:1] == ["revision"]:
            siblings = [{"rfilename": file} for file in repository.files]
            gated = "auto" if repository.gated else False
            return _json({"id": name, "sha": repository.commit, "gated": gated, "siblings": siblings, "tags": []})
        if rest[:1] == ["tree"]:
            return _json(
                self._tree(
                    repository,
                    "/".join(rest[2:]),
                    recursive="true" in parse_qs(url.query).get("recursive", [""])[0].lower(),
                )
            )
        if rest[:1] == ["paths-info"]:
            asked = parse_qs(body.decode()).get("paths", []) if b"paths=" in body else json.loads(body)["paths"]
            found = [
                entry
                for path in asked
                for entry in self._tree(repository, "", recursive=True)
                if entry["path"] == path.strip("/")
            ]
            return _json(found)
        if rest[:1] == ["resolve"]:
            content = repository.files.get("/".join(rest[2:]))
            if content is None:
                return 404, {"X-Error-Code": "EntryNotFound", "X-Error-Message": "Entry not found"}, b""
            etag = hashlib.sha256(content).hexdigest()
            return 200, {"ETag": f'"{etag}"', "X-Repo-Commit": repository.commit, "Accept-Ranges": "bytes"}, content
        return 404, {}, b""

    @staticmethod
    def _tree(repository: Repository, folder: str, *, recursive: bool) -> list[dict[str, object]]:
        entries: dict[str, dict[str, object]] = {}
        prefix = f"{folder}/" if folder else ""
        for name, content in repository.files.items():
            if not name.startswith(prefix):
                continue
            below = name.removeprefix(prefix).split("/")
            for depth in range(1, len(below)):
                path = prefix + "/".join(below[:depth])
                entries[path] = {"type": "directory", "path": path, "oid": "0" * 40, "size": 0}
            oid = hashlib.sha1(content, usedforsecurity=False).hexdigest()
            entries[name] = {"type": "file", "path": name, "oid": oid, "size": len(content)}
        return [e for path, e in entries.items() if recursive or "/" not in path.removeprefix(prefix)]


def _json(value: object) -> tuple[int, dict[str, str], bytes]:
    return 200, {"Content-Type": "application/json"}, json.dumps(value).encode()


@contextmanager
def serve() -> Iterator[Hub]:
    """Run a hub for as long as the context lasts."""
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        def _respond(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ") or None
            hub.asked.append(f"{self.command} {self.path}")
            hub.tokens.add(token)
            status, headers, content = hub.answer(self.command, self.path, token, body)
            self.send_response(status)
            for key, value in headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_HEAD = do_POST = _respond

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        hub.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield hub
        finally:
            server.shutdown()
            thread.join()


def environment(folder: Path, url: str, **other: str) -> dict[str, str]:
    """Environment of a command with that hub and a cache of its own; no token unless given."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGING", "TRANSFORMERS_OFFLINE"))}
    patient = {"HF_HUB_ETAG_TIMEOUT": "120", "HF_HUB_DOWNLOAD_TIMEOUT": "120"}  # a busy machine answers late
    own = {"HF_ENDPOINT": url, "HF_HOME": str(folder / "hf"), "HF_HUB_DISABLE_TELEMETRY": "1"}
    return kept | own | patient | other


def run(arguments: list[str], folder: Path, url: str, **other: str) -> subprocess.CompletedProcess[str]:
    """``python -m …`` in ``folder``."""
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=folder,
        env=environment(folder, url, **other),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def model_files(folder: Path, **other: bytes | None) -> dict[str, bytes]:
    """The files of a directory as a repository's; ``other`` by file name, dots as ``__``, None for none."""
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    for name, content in other.items():
        files.pop(name.replace("__", "."), None)
        if content is not None:
            files[name.replace("__", ".")] = content
    return files


def jsonl(records: list[Mapping[str, object]]) -> bytes:
    """Records as JSONL."""
    return "".join(json.dumps(record) + "\n" for record in records).encode()
