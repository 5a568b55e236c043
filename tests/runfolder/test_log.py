"""Logs that grow line by line, what is published of a run, and the memory it took."""

from __future__ import annotations

import json

import pytest

from rftlab.runfolder import log


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


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_not_json_is_never_written(tmp_path, value) -> None:
    path = tmp_path / "file"
    with pytest.raises(ValueError):
        log.append_json(path, {"x": value})
    assert not path.exists() or path.read_text() == ""


def test_files_are_published_in_the_order_given(tmp_path) -> None:
    """Who finds the last of them finds the others."""
    state = tmp_path / ".state"
    state.mkdir()
    for name in ("b", "c"):
        (state / name).touch()
    with pytest.raises(FileNotFoundError, match="a"):
        log.publish(state, tmp_path, ["b", "a", "c"])
    assert sorted(path.name for path in tmp_path.iterdir()) == [".state", "b"]


def test_the_manifest_is_published_last() -> None:
    assert log.RUN_FILES[-1] == "checkpoints.json"
    assert set(log.RUN_FILES[:-1]) == {"run.json", "metrics.jsonl", "timings.jsonl", "provenance.json"}
