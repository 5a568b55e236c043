"""Files of trainers' configurations."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from rftlab.bridge.page import baseline_page, page, read_config, told
from rftlab.errors import BadInputError


def test_yaml_and_json_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("beta: 0.1\n")
    (tmp_path / "a.json").write_text('{\n\t"beta": 0.1}')
    assert read_config(tmp_path / "a.yaml") == read_config(tmp_path / "a.json") == {"beta": 0.1}


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.json", "{", "a.json: cannot be read: Expecting"),
        ("a.yaml", "a: [", "a.yaml:1: not YAML"),
        ("a.yaml", "- 1", "a.yaml: a mapping of a trainer's keys is needed, not list"),
        ("a.yaml", "3: 1", "a.yaml: a mapping of a trainer's keys is needed"),
        ("a.json", "[1]", "a.json: a mapping of a trainer's keys is needed, not list"),
        ("a.yaml", "a: 1\na: 2", "'a' is given twice"),
    ],
)
def test_refusals(tmp_path: Path, name: str, text: str, expected: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(BadInputError) as error:
        read_config(tmp_path / name)
    assert expected in str(error.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="cannot be read: No such file"):
        read_config(tmp_path / "none.yaml")


def test_a_page_is_yaml_with_comments() -> None:
    text = page("From a.", {"baseline": {"optimizer": {"lr": 1e-6}}}, {"seed": "no\nequivalent"})
    assert text.splitlines()[:3] == ["# From a.", "# Not taken over as it is:", "# seed: no equivalent"]
    assert yaml.safe_load(text) == {"baseline": {"optimizer": {"lr": 1e-6}}}
    assert page("T.", {"a": 1}, {}) == "# T.\na: 1\n"
    assert told({"a": "b"}) == ["a: b"]


def test_a_baseline_that_cannot_be_trained_is_refused() -> None:
    with pytest.raises(BadInputError, match=r"a\.yaml: as a baseline: rollout\.queries: at least 1 is needed, not 0"):
        baseline_page(Path("a.yaml"), "TRL", {"rollout": {"queries": 0}}, {})
