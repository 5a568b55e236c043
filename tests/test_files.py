import hashlib
import json
import os
from typing import Any

import pytest

from rftlab import files
from rftlab.errors import BadInputError


def test_canonical_json_is_one_string_for_one_value() -> None:
    assert files.canonical_json({"b": [1, 2.5, None], "a": "größe"}) == '{"a":"größe","b":[1,2.5,null]}'
    assert files.digest({"a": 1, "b": 2}) == files.digest({"b": 2, "a": 1}) == "43258cff783fe703"
    assert files.digest({"a": 1}) != files.digest({"a": 1.0})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_not_json_is_never_written(tmp_path, value) -> None:
    path = tmp_path / "file"
    with pytest.raises(ValueError):
        files.write_json(path, {"x": value})
    with pytest.raises(ValueError):
        files.canonical_json(value)
    assert not path.exists()


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


def test_a_directory_takes_its_place_when_it_is_whole(tmp_path) -> None:
    folder = tmp_path / "new" / "folder"
    with files.whole_directory(folder) as temporary:
        (temporary / "x").write_text("new")
        assert not folder.exists()
    assert [(path.name, path.read_text()) for path in folder.iterdir()] == [("x", "new")]
    assert [*folder.parent.iterdir()] == [folder]
    with files.whole_directory(folder) as temporary:
        (temporary / "y").touch()
        assert [path.name for path in folder.iterdir()] == ["x"]
    assert [path.name for path in folder.iterdir()] == ["y"]


@pytest.mark.parametrize(("raised", "number"), [(OSError(5, "gone"), 5), (RuntimeError("write: (os error 28)"), 28)])
def test_a_directory_that_cannot_be_filled_leaves_the_old_one(tmp_path, raised: Exception, number: int) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "x").write_text("old")

    def fill() -> None:
        with files.whole_directory(folder) as temporary:
            (temporary / "x").write_text("new")
            raise raised

    with pytest.raises(OSError) as error:
        fill()
    assert error.value.errno == number
    assert (folder / "x").read_text() == "old"
    assert [*tmp_path.iterdir()] == [folder]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "--config: not JSON (Expecting property name"),
        ("[" * 100_000, "--config: not JSON (maximum recursion"),
        ("[1]", "--config: a JSON object is needed, not [1]"),
        ("null", "--config: a JSON object is needed, not null"),
        ('{"a": 1}', "--config: the JSON object has no 'b'; a, b are needed"),
        ('{"a": 1, "b": 3}', "--config: b: a JSON object is needed, not 3"),
        ('{"a": 1, "b": {"c": []}}', "--config: b: c: a JSON object is needed, not []"),
        ('{"a": 1, "b": {"c": {}}}', "--config: b: c: the JSON object has no 'path'; path, limit are needed"),
        ('{"a": 1, "b": {"c": {"path": 3, "limit": 1}}}', "--config: b: c: path: a value of type str is needed, not 3"),
        (
            '{"a": 1, "b": {"c": {"path": "x", "limit": "1"}}}',
            '--config: b: c: limit: a value of type int | None is needed, not "1"',
        ),
    ],
)
def test_an_option_that_is_no_object_is_refused(text: str, message: str) -> None:
    with pytest.raises(BadInputError) as error:
        files.json_option("--config", a=object, b={"*": {"path": str, "limit": int | None}})(text)
    assert str(error.value).startswith(message)


def test_an_option_that_is_one_is_read() -> None:
    assert files.json_option("--config", a=dict)('{"a": {"b": 1}}') == {"a": {"b": 1}}
    shape: dict[str, Any] = {"a": {"*": {"path": str, "limit": int | None}}}
    text = '{"a": {"b": {"path": "c", "limit": null, "more": []}}}'
    assert files.json_option("--config", **shape)(text) == json.loads(text)
