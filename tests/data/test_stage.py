import hashlib
import json
import subprocess
import sys

import pytest

from rftlab.data.__main__ import main
from rftlab.data.queries import DataError, read_queries
from rftlab.data.stage import check, load, split_names, stage

CHAINS = {"source": "procedural", "family": "chains", "sizes": {"train": 20, "test": 10}}


def test_files_and_manifest(tmp_path) -> None:
    manifest = stage(CHAINS, tmp_path / "new" / "folder")
    folder = tmp_path / "new" / "folder"
    assert {path.name for path in folder.iterdir()} == {"train.jsonl", "test.jsonl", "data.json"}
    assert json.loads((folder / "data.json").read_text()) == manifest
    assert manifest["config"] == CHAINS
    assert manifest["overlaps"] == {"train/test": {"exact": 0, "normalised": 0}}
    for name, size in (("train", 20), ("test", 10)):
        path = folder / f"{name}.jsonl"
        assert read_queries(path) == load(CHAINS).splits[name]
        assert manifest["splits"][name] == {
            "path": path.name,
            "queries": size,
            "duplicates": 0,
            "conflicts": 0,
            "unanswered": [],
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }


def test_twice_gives_the_same_bytes(tmp_path) -> None:
    stage(CHAINS, tmp_path / "a")
    stage(CHAINS, tmp_path / "b")
    for name in ("train.jsonl", "test.jsonl", "data.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_duplicates_and_overlaps_of_files_are_in_the_manifest(tmp_path) -> None:
    for name, texts in (("train", ["a", "a", "b"]), ("test", ["B", "a", "c"])):
        lines = [json.dumps({"question": text, "answer": index}) for index, text in enumerate(texts)]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines))
    files = {name: str(tmp_path / f"{name}.jsonl") for name in ("train", "test")}
    manifest = stage({"source": "jsonl", "files": files}, tmp_path / "out")
    assert manifest["splits"]["train"] | {"sha256": ""} == {
        "path": "train.jsonl",
        "queries": 2,
        "duplicates": 1,
        "conflicts": 1,
        "unanswered": [],
        "sha256": "",
    }
    assert manifest["overlaps"] == {"train/test": {"exact": 1, "normalised": 2}}


def test_split_names() -> None:
    assert split_names(CHAINS) == ["train", "test"]
    assert split_names({"source": "jsonl", "files": {"test": "b", "validation": "a"}}) == ["validation", "test"]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "source: one of procedural, jsonl is needed, not None"),
        ({"source": "json"}, "source: one of procedural, jsonl is needed, not 'json' (did you mean 'jsonl'?)"),
        ([], "a dataset is a mapping with a source, not []"),
        ({"source": "procedural"}, "family: "),
        ({"source": "jsonl"}, "files: "),
    ],
)
def test_check(config, message: str) -> None:
    with pytest.raises(DataError) as error:
        check(config)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("{", "--config: not JSON ("),
        ("[]", "data: a dataset is a mapping"),
        ('{"source":"jsonl","files":{"train":"absent.jsonl"}}', "data: absent.jsonl: cannot be read: No such file"),
        (
            '{"source":"procedural","family":"chains","terms":[2],"sizes":{"test":900}}',
            "data: sizes.test: 900 distinct",
        ),
    ],
)
def test_errors_are_one_line_and_leave_nothing(tmp_path, monkeypatch, config: str, message: str) -> None:
    monkeypatch.setattr("rftlab.data.procedural.PATIENCE", 2000)
    with pytest.raises(SystemExit) as exit_:
        main(["--config", config, "--folder", str(tmp_path / "out")])
    assert isinstance(exit_.value.code, str)  # printed on standard error, exit code 1
    assert exit_.value.code.startswith(message)
    assert "\n" not in exit_.value.code
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit, match="cannot be written: "):
        main(["--config", json.dumps(CHAINS), "--folder", str(tmp_path / "file")])


def test_the_command(tmp_path) -> None:
    command = [sys.executable, "-m", "rftlab.data", "--folder", str(tmp_path / "out"), "--config"]
    done = subprocess.run([*command, json.dumps(CHAINS)], capture_output=True, text=True, check=True)
    assert done.stdout == "train: 20 queries\ntest: 10 queries\n"
    failed = subprocess.run([*command, '{"source":"hub"}'], capture_output=True, text=True, check=False)
    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr == "data: source: one of procedural, jsonl is needed, not 'hub'\n"


def test_only_the_standard_library_is_imported() -> None:
    show = "import sys; print(*{name.partition('.')[0] for name in sys.modules})"
    bare, loaded = (
        set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())
        for code in (show, f"import rftlab.data.__main__; {show}")
    )
    assert loaded - bare - sys.stdlib_module_names == {"rftlab"}
