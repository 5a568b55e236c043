"""``expected.json`` is read back whole, and what is none is refused by key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rftlab.errors import BadInputError
from rftlab.files import write_json
from rftlab.runfolder.expected import Expected, Job, read_expected

DOCUMENT: dict[str, Any] = {
    "runs": {"results/s/runs/a": {"code": "c0de", "config": {"lr": 1.0, "n": [1, None]}}},
    "evaluations": {},
}


def test_what_planning_wrote_is_read(tmp_path: Path) -> None:
    write_json(tmp_path / "expected.json", DOCUMENT)
    job = Job("c0de", {"lr": 1.0, "n": [1, None]})
    assert read_expected(tmp_path / "expected.json") == Expected({"results/s/runs/a": job}, {})


@pytest.mark.parametrize(
    ("document", "key"),
    [
        ({"runs": {}}, "evaluations"),
        ({**DOCUMENT, "runs": {"a": {"code": 1, "config": {}}}}, "runs.a.code"),
        ({**DOCUMENT, "evaluations": {"a": {"code": "c"}}}, "evaluations.a.config"),
    ],
)
def test_what_is_none_is_refused(tmp_path: Path, document: object, key: str) -> None:
    path = tmp_path / "expected.json"
    write_json(path, document)
    with pytest.raises(BadInputError, match=f"^{path}: not what runs are compared with: {key}: "):
        read_expected(path)
