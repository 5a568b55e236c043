import hashlib
import json
import os

import pytest

from rftlab import files
from rftlab.runfolder import log


def test_canonical_json_is_one_string_for_one_value() -> None:
    assert files.canonical_json({"b": [1, 2.5, None], "a": "größe"}) == '{"a":"größe","b":[1,2.5,null]}'
    assert files.digest({"a": 1, "b": 2}) == files.digest({"b": 2, "a": 1}) == "43258cff783fe703"
    assert files.digest({"a": 1}) != files.digest({"a": 1.0})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_not_json_is_never_written(tmp_path, value) -> None:
    path = tmp_path / "file"
    for write in (files.write_json, log.append_json):
        with pytest.raises(ValueError):
            write(path, {"x": value})
    with pytest.raises(ValueError):
        files.canonical_json(value)
    assert not path.exists() or path.read_text() == ""


def test_file_sha256(tmp_path) -> None:
    (tmp_path / "x").write_bytes(b"abc" * 100_000)
    assert files.file_sha256(tmp_path / "x") == hashlib.sha256(b"abc" * 100_000).hexdigest()


def test_json_files(tmp_path) -> None:
    path = tmp_path / "new" / "folder" / "x.json"
    files.write_json(path, {"b": 1, "a": "ö"})
    assert path.read_text(encoding="utf-8") == '{\n "b": 1,\n "a": "ö"\n}\n'
    assert files.read_json(path) == {"b": 1, "a": "ö"}
    assert [*path.parent.iterdir()] == [path]


def test_an_interrupted_write_leaves_the_old_file(tmp_path, monkeypatch) -> None:
    path = tmp_path / "x.json"
    files.write_json(path, 1)

    def fail(_) -> None:
        raise OSError("no space")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="no space"):
        files.write_json(path, 2)
    assert files.read_json(path) == 1


def test_a_log_grows_line_by_line(tmp_path) -> None:
    for number in range(3):
        log.append_json(tmp_path / "log", {"round": number, "text": "ä\nb"})
    lines = (tmp_path / "log").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [{"round": n, "text": "ä\nb"} for n in range(3)]


def test_publishing_copies_replaces_and_stops_at_what_is_missing(tmp_path) -> None:
    state = tmp_path / ".state"
    state.mkdir()
    (state / "a").write_text("new")
    (tmp_path / "a").write_text("old")
    log.publish(state, tmp_path, ["a"])
    assert (tmp_path / "a").read_text() == "new"
    assert (state / "a").read_text() == "new"  # what is published may be deleted before the job has ended
    with pytest.raises(FileNotFoundError):
        log.publish(state, tmp_path, ["b", "c"])


@pytest.mark.parametrize(("platform", "reported"), [("linux", 3 * 2**10), ("darwin", 3 * 2**20)])
def test_peak_memory_is_in_mib_everywhere(monkeypatch, platform, reported) -> None:
    assert 10 < log.peak_memory_mb() < 100_000
    usage = log.resource.getrusage(log.resource.RUSAGE_SELF)
    monkeypatch.setattr(log.sys, "platform", platform)
    fake = type(usage)([0.0, 0.0, reported, *usage[3:]])
    monkeypatch.setattr(log.resource, "getrusage", lambda _: fake)
    assert log.peak_memory_mb() == 3
