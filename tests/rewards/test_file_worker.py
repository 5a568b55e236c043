"""One process that runs a reward file: what it answers, and what it makes of what a file returns."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rftlab.files import file_sha256
from rftlab.rewards.file_worker import EditedError, ValuesError, call, load, values
from rftlab.rewards.worker import READY


def run(path: Path, *calls: list[Any], parameters: dict[str, Any] | None = None) -> subprocess.CompletedProcess[str]:
    lines = "".join(json.dumps([records]) + "\n" for records in calls)
    command = [sys.executable, "-P", "-m", "rftlab.rewards.file_worker", str(os.getpid()), str(path)]
    command += [json.dumps(parameters or {}), str(2**31), file_sha256(path)]
    return subprocess.run(command, input=lines, capture_output=True, text=True, check=False, timeout=60)


def test_a_line_for_every_call_and_what_the_file_prints_is_no_answer(tmp_path: Path) -> None:
    path = tmp_path / "my.py"
    path.write_text(
        "print('imported')\n\ndef reward(records, *, scale=1.0):\n    print('called')\n"
        "    return [scale * record['x'] for record in records]\n"
    )
    done = run(path, [{"x": 1}, {"x": 2}], [{"x": 3}], parameters={"scale": 2.0})
    ready, *results = map(json.loads, done.stdout.splitlines())
    assert ready == READY
    assert results == [[{"file": [2.0, 4.0]}, None, None], [{"file": [6.0]}, None, None]]
    assert done.stderr.splitlines() == ["imported", "called", "called"]
    assert done.returncode == 0


def test_a_file_that_cannot_be_imported_says_why_and_where(tmp_path: Path) -> None:
    path = tmp_path / "my.py"
    path.write_text("X = 1\nimport no_such_module\n\ndef reward(records): ...\n")
    done = run(path)
    assert done.returncode == 1
    assert json.loads(done.stdout)["broken"] == "ModuleNotFoundError(\"No module named 'no_such_module'\") in line 2"


def test_what_fills_the_memory_ends_the_process(tmp_path: Path) -> None:
    path = tmp_path / "my.py"
    path.write_text("def reward(records):\n    return [len(bytearray(2**36 if records[0] else 1))]\n")
    done = run(path, [0], [1], [0])
    assert list(map(json.loads, done.stdout.splitlines()))[1:] == [
        [{"file": [1.0]}, None, None],
        [None, "memory", None],
    ]


@pytest.mark.parametrize(
    ("returned", "parts"),
    [
        ([1, 0.5], {"file": [1.0, 0.5]}),
        ((True, None), {"file": [1.0, None]}),
        (np.array([1, 2], np.float32), {"file": [1.0, 2.0]}),
        ([Fraction(1, 4), 0], {"file": [0.25, 0.0]}),
        ({"a": [1, 2], "b": [None, -1]}, {"a": [1.0, 2.0], "b": [None, -1.0]}),
    ],
)
def test_values_are_finite_numbers_or_none(returned: Any, parts: dict[str, list[float | None]]) -> None:
    assert values(returned, 2) == parts


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ([1.0], "1 values for 2 records"),
        ({"a": [1.0, 2.0], "b": [1.0] * 3}, "3 values of part 'b' for 2 records"),
        ([1.0, math.nan], "nan: finite numbers are needed, or None where there is no value"),
        ({"a": [math.inf, 0.0]}, "inf of part 'a': finite numbers are needed"),
        (["1", 2], "'1': finite numbers are needed"),
        ([1j, 2], "1j: finite numbers are needed"),
        (None, "None: a list of 2 numbers is needed, one a record"),
        (0.5, "0.5: a list of 2 numbers is needed"),
        ("ab", "'ab': a list of 2 numbers is needed"),
        (iter([1, 2]), "a list of 2 numbers is needed"),
        ({}, "no parts"),
        ({"a b": [1, 2]}, "a part named 'a b': a name has letters, digits and '_', at most 40"),
        ({3: [1, 2]}, "a part named 3"),
        ({"a": [1e308, 0], "b": [1e308, 0]}, "parts whose sum is not finite"),
    ],
)
def test_what_are_no_values_is_said(returned: Any, message: str) -> None:
    with pytest.raises(ValuesError) as refusal:
        values(returned, 2)
    assert message in str(refusal.value)


def test_what_is_made_of_a_call_and_of_an_error(tmp_path: Path) -> None:
    path = tmp_path / "my.py"
    path.write_text("def reward(records):\n    return 1 / len(records[0])\n")
    assert call(load(str(path), file_sha256(path)), [[]], {}, str(path)) == [
        None,
        None,
        "reward() raises ZeroDivisionError('division by zero') in line 2",
    ]
    assert call(lambda records: [1.0], [0, 0], {}, "my.py") == [None, None, "reward() returns 1 values for 2 records"]

    def full(records: list[Any]) -> None:
        raise MemoryError

    assert call(full, [0], {}, "my.py") == [None, "memory", None]


def test_a_file_that_was_edited_is_not_what_its_processes_run(tmp_path: Path) -> None:
    path = tmp_path / "my.py"
    path.write_text("def reward(records): return [1.0]\n")
    sha256 = file_sha256(path)
    assert load(str(path), sha256)([0]) == [1.0]
    path.write_text("def reward(records): return [2.0]\n")
    with pytest.raises(EditedError):
        load(str(path), sha256)
    assert load(str(path), file_sha256(path))([0]) == [2.0]
    assert [entry.name for entry in tmp_path.iterdir()] == ["my.py"]
