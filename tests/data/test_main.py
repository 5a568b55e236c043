"""The command of the data stage: what it prints, and how it refuses."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from rftlab.data.__main__ import main

CHAINS = {"source": "procedural", "family": "chains", "sizes": {"train": 20, "test": 10}}
ONE_OF = "one of hub, jsonl, parquet, procedural, reasoning_gym is needed"


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
    monkeypatch.setattr("rftlab.data.sources.procedural.PATIENCE", 2000)
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
    failed = subprocess.run([*command, '{"source":"hubs"}'], capture_output=True, text=True, check=False)
    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr == f"data: source: {ONE_OF}, not 'hubs' (did you mean 'hub'?)\n"


def test_nothing_is_imported_that_takes_long() -> None:
    show = "import sys; print(*{name.partition('.')[0] for name in sys.modules})"
    bare, loaded = (
        set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())
        for code in (show, f"import rftlab.data.__main__; {show}")
    )
    packages = loaded - bare - sys.stdlib_module_names
    assert "rftlab" in packages
    assert packages <= {"rftlab", "annotated_types", "typing_extensions"}


def test_what_is_doubtful_is_listed(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.jsonl"
    solutions = [r"\boxed{4} or \boxed{9}", r"\boxed{}", r"\boxed{1}"]
    path.write_text("".join(json.dumps({"question": f"{i}?", "answer": s}) + "\n" for i, s in enumerate(solutions)))
    main(
        ["--config", json.dumps({"source": "jsonl", "files": {"train": str(path)}}), "--folder", str(tmp_path / "out")]
    )
    assert capsys.readouterr().out.splitlines() == [
        "train: 2 queries",
        f"train: dropped, its box is empty: {path}:2",
        f"train: its boxes differ, the last is the answer: {path}:1",
    ]
