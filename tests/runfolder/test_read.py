from __future__ import annotations

from pathlib import Path

import pytest

from rftlab.errors import BadInputError
from rftlab.runfolder.read import read_curve, read_document, read_lines
from synthetic import write_study

RUN = Path("results/synthetic/runs/tiny-qwen2/chains/baseline/seed-0")


@pytest.fixture(autouse=True)
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_study(tmp_path, variants=("baseline",), seeds=(0, 1), unfinished=[("baseline", 1)])
    monkeypatch.chdir(tmp_path)


def test_a_curve_has_a_row_a_round_and_seconds_that_add_up() -> None:
    curve = read_curve(RUN)
    assert curve["round"].tolist() == list(range(1, 11))
    assert curve["rollouts"].tolist() == list(range(4, 44, 4))
    assert curve["seconds"].tolist() == pytest.approx([0.75 * r for r in range(1, 11)])
    assert curve["kl_base"].notna().tolist() == [False] * 4 + [True] + [False] * 4 + [True]


def test_a_run_that_diverged_in_its_first_round_has_an_empty_curve() -> None:
    for name in ("metrics.jsonl", "timings.jsonl"):
        (RUN / name).write_text("")
    curve = read_curve(RUN)
    assert len(curve) == 0
    assert {"round", "reward_mean", "accuracy", "seconds"} <= set(curve)


def test_the_two_logs_have_the_same_rounds() -> None:
    lines = (RUN / "timings.jsonl").read_text().splitlines(keepends=True)
    (RUN / "timings.jsonl").write_text("".join(lines[:-1]))
    with pytest.raises(BadInputError, match=r"timings.jsonl: not the rounds of metrics.jsonl"):
        read_curve(RUN)


@pytest.mark.parametrize("broken", ['{"round": 11, "rew', "11\n"])
def test_a_broken_line_is_named_by_its_number(broken: str) -> None:
    with (RUN / "metrics.jsonl").open("a") as file:
        file.write(broken)
    with pytest.raises(BadInputError, match=r"metrics.jsonl, line 11: not "):
        read_lines(RUN / "metrics.jsonl")


def test_a_missing_file_is_named_and_a_run_under_way_is_told_apart() -> None:
    with pytest.raises(BadInputError, match=r"nothing.json: no such file$"):
        read_document(RUN / "nothing.json")
    with pytest.raises(BadInputError, match=r"seed-1/checkpoints.json: no such file: the run is still under way"):
        read_document(RUN.parent / "seed-1" / "checkpoints.json")


@pytest.mark.parametrize("content", ["[1, 2]", "{", ""])
def test_a_document_is_a_json_object(content: str) -> None:
    (RUN / "run.json").write_text(content)
    with pytest.raises(BadInputError, match=r"run.json: not"):
        read_document(RUN / "run.json")


@pytest.mark.parametrize("content", [b"\xff{}", b"[" * 200_000, b'{"a": ' + b"1" * 5000 + b"}"], ids=repr)
def test_what_no_reader_of_json_takes_is_told_in_a_line(content: bytes) -> None:
    for read, name in ((read_document, "run.json"), (read_lines, "metrics.jsonl")):
        (RUN / name).write_bytes(content)
        with pytest.raises(BadInputError, match=rf"{name}.*: not "):
            read(RUN / name)


def test_a_folder_in_place_of_a_file_is_told_in_a_line() -> None:
    with pytest.raises(BadInputError, match=r"seed-0: cannot be read: Is a directory"):
        read_document(RUN)
