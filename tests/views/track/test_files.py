"""Files of a study, also while they are being written."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from rftlab.errors import BadInputError
from rftlab.views.track.files import flatten, read_checked_json, read_evaluations, read_log


def test_json_is_read_and_what_is_none_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text('{"a": [1, "ö"]}', encoding="utf-8")
    assert read_checked_json(path) == {"a": [1, "ö"]}
    path.write_text('{"a": [1')
    with pytest.raises(BadInputError, match=rf"^{path}: not JSON \("):
        read_checked_json(path)
    path.write_bytes(b'"\xff"')
    with pytest.raises(BadInputError, match=rf"^{path}: not JSON \("):
        read_checked_json(path)


def test_a_file_that_is_not_there_is_for_the_caller_to_deal_with(tmp_path: Path) -> None:
    for read in (read_checked_json, read_log):
        with pytest.raises(FileNotFoundError):
            read(tmp_path / "x")


@pytest.mark.parametrize(
    ("content", "rounds"),
    [
        ("", []),
        ('{"round": 1}', []),
        ('{"round": 1}\n', [1]),
        ('{"round": 1}\n{"round": 2}\n', [1, 2]),
        ('{"round": 1}\n{"round": 2}', [1]),
        ('{"round": 1}\n{"rou', [1]),
        ('{"round": "3"}\n', [3]),
        ('{"round": 2}\n{"round": 1}\n', [2, 1]),
    ],
)
def test_what_stands_behind_the_last_newline_is_left_for_later(tmp_path: Path, content: str, rounds: list[int]) -> None:
    (tmp_path / "log").write_text(content)
    assert [row["round"] for row in read_log(tmp_path / "log")] == rounds


def test_a_row_has_all_its_values(tmp_path: Path) -> None:
    (tmp_path / "log").write_text('{"round": 1, "loss": NaN, "text": "a\\u2028b"}\n', encoding="utf-8")
    (row,) = read_log(tmp_path / "log")
    assert (row["round"], row["text"]) == (1, "a\u2028b")
    assert row["loss"] != row["loss"]


@pytest.mark.parametrize(
    "line", ["", "{]", "[1]", "3", "null", '"round"', "{}", '{"loss": 1}', '{"round": null}', '{"round": "x"}']
)
def test_a_complete_line_that_is_no_row_is_named_by_its_number(tmp_path: Path, line: str) -> None:
    path = tmp_path / "log"
    path.write_text(f'{{"round": 1}}\n{line}\n{{"round": 3}}\n')
    with pytest.raises(BadInputError) as error:
        read_log(path)
    assert str(error.value) == f"{path}:2: not a JSON object with a round"


def table(*rows: tuple[str, int, str, int, str, float]) -> pd.DataFrame:
    columns = ["variant", "seed", "evaluation_set", "round", "metric", "value"]
    return pd.DataFrame(rows, columns=columns).assign(model="m", dataset="d", unread=1)


def test_evaluations_are_by_run_set_round_and_metric(tmp_path: Path) -> None:
    rows = [
        ("baseline", 0, "test", 0, "greedy", 0.25),
        ("baseline", 0, "test", 5, "greedy", 0.5),
        ("baseline", 0, "test", 5, "pass@4", 0.75),
        ("baseline", 0, "longer", 5, "greedy", 0.125),
        ("f/a", 0, "test", 5, "greedy", 0.0),
        ("baseline", 1, "test", 5, "greedy", 1.0),
    ]
    table(*rows).to_parquet(tmp_path / "evaluations.parquet")
    found = read_evaluations(tmp_path / "evaluations.parquet")
    assert found == {
        ("m", "d", "baseline", 0): {"test": {0: {"greedy": 0.25}, 5: {"greedy": 0.5, "pass@4": 0.75}}}
        | {"longer": {5: {"greedy": 0.125}}},
        ("m", "d", "f/a", 0): {"test": {5: {"greedy": 0.0}}},
        ("m", "d", "baseline", 1): {"test": {5: {"greedy": 1.0}}},
    }


def test_without_a_table_there_are_no_evaluations(tmp_path: Path) -> None:
    assert read_evaluations(tmp_path / "evaluations.parquet") == {}


def test_what_is_not_the_table_of_evaluations_is_named(tmp_path: Path) -> None:
    path = tmp_path / "evaluations.parquet"
    path.write_bytes(b"not parquet at all")
    with pytest.raises(BadInputError, match=rf"^{path}: not the table of evaluations \("):
        read_evaluations(path)
    table(("baseline", 0, "test", 0, "greedy", 0.25)).drop(columns="metric").to_parquet(path)
    with pytest.raises(BadInputError, match=rf"^{path}: not the table of evaluations \(.*metric"):
        read_evaluations(path)


@pytest.mark.parametrize(
    ("config", "flat"),
    [
        ({}, {}),
        (
            {"a": "text", "b": 1, "c": 1e-4, "d": None, "e": True},
            {"a": "text", "b": "1", "c": "0.0001", "d": "null", "e": "true"},
        ),
        ({"a": {"b": {"c": "x"}, "d": 2}}, {"a.b.c": "x", "a.d": "2"}),
        ({"a": [0.9, 0.999], "b": []}, {"a": "[0.9,0.999]", "b": "[]"}),
        ({"a": [{"c": 1, "b": "ö"}]}, {"a": '[{"b":"ö","c":1}]'}),
        ({"a": {}, "b": {"c": {}}}, {"a": "{}", "b.c": "{}"}),
    ],
)
def test_nested_keys_become_dotted_and_values_texts(config: dict, flat: dict[str, str]) -> None:
    assert flatten(config) == flat
