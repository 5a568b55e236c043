"""A file that is no study, or holds what no study means, is refused with its name and line."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
import yaml
from snakemake.utils import update_config

from rftlab.errors import BadInputError
from rftlab.study.read import load_study
from rftlab.study.yaml_file import LARGEST, MOST_VALUES, merged, read_files, read_yaml, refuse_unusable
from studies import TEXT, refusal


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            TEXT.replace("  lr: {zero", "  lr: {zero: {optimizer.lr: 0.1}, zero"),
            ":8: 'zero' is given twice, first on line 8",
        ),
        (f"{TEXT}seeds: [7]\n", ":16: 'seeds' is given twice, first on line 9; names must differ"),
        (TEXT.replace("rounds: 6", "rounds: 6, rounds: 7"), ":10: 'rounds' is given twice"),
        (f"{TEXT}\tseeds: [7]\n", ":16: not YAML: "),
        (TEXT.replace("{rounds: 6}", "{rounds: 6"), ":11: not YAML: "),
        (TEXT.replace("{rounds: 6}", "*nowhere"), ":10: not YAML: found undefined alias 'nowhere'"),
        (
            TEXT.replace("{rounds: 6}", "!!python/object/apply:os.getcwd []"),
            ":10: not YAML: could not determine a constructor",
        ),
        (TEXT.replace("{rounds: 6}", "&a {rounds: *a}"), ":10: not YAML: found unconstructable recursive node"),
        (TEXT.replace("{rounds: 6}", "2026-13-41"), "not YAML: month must be in 1..12"),
        (TEXT.replace("{rounds: 6}", "[" * 5000), "not YAML: "),
        (TEXT + "\x00", "not YAML: "),
        ("---\na: 1\n---\nb: 2\n", ":3: not YAML: "),
        ("- study\n- models\n", "the file holds a list; a study is a mapping with study, models, "),
        ("", "the file holds nothing; a study is a mapping"),
        ("# a comment\n", "the file holds nothing; a study is a mapping"),
        ("study", "the file holds a str; a study is a mapping"),
    ],
)
def test_files_that_are_no_study(tmp_path: Path, text: str, expected: str) -> None:
    assert refusal(tmp_path, text).startswith(expected)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(
        BadInputError, match=r"gone\.yaml: cannot be read: No such file or directory; a study is a YAML"
    ):
        load_study(tmp_path / "gone.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"study: caf\xe9\n")
    with pytest.raises(BadInputError, match=r"latin\.yaml: not YAML: 'utf-8' codec can't decode"):
        load_study(tmp_path / "latin.yaml")


LAUGHS = "".join(f", &l{i} [{', '.join([f'*l{i - 1}'] * 9)}]" for i in range(1, 9))


MANY = ": more than 200000 values; an alias that holds itself, or aliases of aliases?"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("[0, 1, 2]", "&s [*s]", MANY),
        ("optimizer.lr: 0.0", f"optimizer.lr: [&l0 [a, a, a]{LAUGHS}]", MANY),
        ("[0, 1, 2]", f"[0x{'f' * 20_000}]", ": seeds.0: a whole number is too large; at most 1000000000000000"),
        ("optimizer.lr: 0.0", f"0x{'f' * 1000}: 0.0", ": factors.lr.zero: a whole number is too large"),
        ("rounds: 6", f"rollouts: 1{'0' * 400}", ": budget.rollouts: a whole number is too large"),
        ("four terms", '"\\ud800"', ": evaluation_sets.longer.shift: a text holds a null character or half of a "),
        ("study: small", 'study: small\ndescription: "a\\0"', ": description: a text holds a null character"),
        ("optimizer.lr: 0.0", '"\\ud800": 0.0', ": factors.lr.zero: a text holds a null character"),
    ],
    ids=["itself", "laughs", "hexadecimal", "key", "decimal", "surrogate", "null", "name"],
)
def test_values_that_no_study_means(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert old in TEXT
    assert f": {refusal(tmp_path, TEXT.replace(old, new, 1))}".startswith(expected)


def test_a_file_is_read_as_it_says(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text('a: {b: [1, 2.5, "x", null, true]}\nc: &same {d: 1}\ne: *same\n"f": ä\n', encoding="utf-8")
    assert read_yaml(path) == {"a": {"b": [1, 2.5, "x", None, True]}, "c": {"d": 1}, "e": {"d": 1}, "f": "ä"}


def test_a_key_twice_is_refused_however_deep_and_not_in_two_mappings(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text("a:\n  - b: 1\n  - b: 2\n    c: {d: 1, e: 2,\n        d: 3}\n")
    with pytest.raises(BadInputError) as error:
        read_yaml(path)
    assert str(error.value) == f"{path}:5: 'd' is given twice, first on line 4; names must differ"
    path.write_text("a: {c: 1}\nb: {c: 1}\n")
    assert read_yaml(path) == {"a": {"c": 1}, "b": {"c": 1}}


@pytest.mark.parametrize(
    "value", [LARGEST, -LARGEST, 1e300, float("inf"), "1" * 400, True, None, "ä€🙂", "\t"], ids=repr
)
def test_values_that_can_be_passed_on(value: object) -> None:
    refuse_unusable({"a": [{"b": value}]}, "study")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (
            {"a": [0, {"b": LARGEST + 1}]},
            "study: a.1.b: a whole number is too large; at most 1000000000000000 is needed",
        ),
        ({"a": -LARGEST - 1}, "study: a: a whole number is too large; at most 1000000000000000 is needed"),
        ({"a": {LARGEST + 1: 0}}, "study: a: a whole number is too large; at most 1000000000000000 is needed"),
        ({"a": datetime.date(2026, 1, 2)}, "study: a: YAML reads a date here; put quotes around a text"),
        ({"a": {"b": b"x"}}, "study: a.b: YAML reads a bytes here; put quotes around a text"),
        ({"a": {"b": {1, 2}}}, "study: a.b: YAML reads a set here; put quotes around a text"),
        (
            {"a": "x\ud83d"},
            "study: a: a text holds a null character or half of a surrogate pair; whole characters are needed",
        ),
        (
            {"a": "\udfff"},
            "study: a: a text holds a null character or half of a surrogate pair; whole characters are needed",
        ),
        (
            {"\0": 1},
            "study: a text holds a null character or half of a surrogate pair; whole characters are needed",
        ),
    ],
    ids=repr,
)
def test_values_that_cannot_be_passed_on(content: object, line: str) -> None:
    with pytest.raises(BadInputError) as error:
        refuse_unusable(content, "study")
    assert str(error.value) == line


def test_how_many_values_there_may_be() -> None:
    refuse_unusable([0] * (MOST_VALUES - 1), "study")  # and the list itself
    with pytest.raises(BadInputError, match=r"^study: more than 200000 values; "):
        refuse_unusable([0] * MOST_VALUES, "study")


# several ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("a: 1\nb: {c: 2, d: {e: 3}}", "b: {d: {f: 4}}", {"a": 1, "b": {"c": 2, "d": {"e": 3, "f": 4}}}),
        ("a: [1, 2]", "a: [3]", {"a": [3]}),
        ("a: {b: 1}", "a: 2", {"a": 2}),
        ("a: 1", "a: {b: 2}", {"a": {"b": 2}}),
        ("a: {b: 1}", "a: null", {"a": None}),
        ("a: {b: 1}", "a: {}", {"a": {"b": 1}}),
    ],
)
def test_files_are_merged_as_snakemake_merges_them(first: str, second: str, expected: object, tmp_path: Path) -> None:
    files = [tmp_path / "first.yaml", tmp_path / "second.yaml"]
    theirs: dict[str, object] = {}
    for file, text in zip(files, (first, second), strict=True):
        file.write_text(text)
        update_config(theirs, yaml.safe_load(text))
    assert read_files(files) == theirs == expected


def test_merging_changes_neither() -> None:
    content, later = {"a": {"b": 1}}, {"a": {"c": 2}}
    assert merged(content, later) == {"a": {"b": 1, "c": 2}}
    assert (content, later) == ({"a": {"b": 1}}, {"a": {"c": 2}})
