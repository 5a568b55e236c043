"""What is written about study files is what the schema says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from rftlab import levels
from rftlab.data.families import FAMILIES
from rftlab.study.documentation import (
    CATALOGUE,
    README,
    SCHEMA,
    catalogue_text,
    main,
    readme_text,
    schema,
    schema_text,
    type_of,
)
from rftlab.study.presets import PRESETS
from rftlab.study.read import read_study
from rftlab.study.variants import variants_of

STALE = "is stale: run `python -m rftlab.study.documentation`"
TEXT = readme_text()
SECTIONS = {None: schema(), **schema()["$defs"]}


@pytest.mark.parametrize(
    ("path", "text"),
    [(SCHEMA, schema_text()), (README, readme_text()), (CATALOGUE, catalogue_text())],
    ids=["schema", "readme", "catalogue"],
)
def test_the_files_are_up_to_date(repository: Path, path: Path, text: str) -> None:
    assert (repository / path).read_text(encoding="utf-8") == text, f"{path} {STALE}"


def test_all_are_written(tmp_path: Path, capsys) -> None:
    main(["--root", str(tmp_path)])
    assert (tmp_path / SCHEMA).read_text(encoding="utf-8") == schema_text()
    assert (tmp_path / README).read_text(encoding="utf-8") == readme_text()
    assert (tmp_path / CATALOGUE).read_text(encoding="utf-8") == catalogue_text()
    assert capsys.readouterr().out.splitlines() == [str(tmp_path / path) for path in (SCHEMA, README, CATALOGUE)]


@pytest.mark.parametrize("section", SECTIONS, ids=str)
def test_every_key_is_described_in_one_line_and_documented(section: str | None) -> None:
    for key, entry in SECTIONS[section]["properties"].items():
        assert "\n" not in entry["description"]
        if section != "LevelSection":
            assert f"| `{key}` | {type_of(entry)} |" in TEXT


def test_every_level_and_family_is_documented() -> None:
    for kind in levels.FUNCTIONS:
        assert all(f"| `{name}` |" in TEXT for name in levels.names(kind))
    assert all(f"| `{name}` |" in TEXT for name in FAMILIES)


def test_the_example_is_a_valid_study() -> None:
    examples = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)]
    study = read_study(examples[0], [])
    assert len(variants_of(study)) * len(study.seeds) == 15  # as the text below it says
    for example in examples[1:]:
        variants_of(read_study(examples[0] | example, []))


def test_the_schema_is_one_that_editors_understand() -> None:
    assert json.loads(schema_text()) == schema()
    assert schema()["additionalProperties"] is False
    references = set(re.findall(r'"\$ref": "#/\$defs/(\w+)"', schema_text()))
    assert references == set(schema()["$defs"])


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"type": "integer", "minimum": 1}, "whole number ≥ 1"),
        ({"type": "number", "exclusiveMinimum": 0.5, "exclusiveMaximum": 1}, "number > 0.5, < 1"),
        ({"type": "integer", "minimum": 32, "multipleOf": 32}, "whole number ≥ 32, a multiple of 32"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "text"),
        ({"anyOf": [{"type": "string"}, {"$ref": "#/$defs/LevelSection"}]}, "text or mapping"),
        ({"enum": ["a", "b"], "type": "string"}, "`a` or `b`"),
        ({"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}, "list of 2 (number)"),
        ({"type": "array", "items": {"type": "string"}, "minItems": 1}, "list, at least 1 (text)"),
        ({"type": "object", "additionalProperties": {"type": "number"}}, "name → number"),
    ],
)
def test_types_in_words(entry: dict, words: str) -> None:
    assert type_of(entry) == words


def test_names_of_the_field_are_keys_of_the_baseline_for_an_editor() -> None:
    assert schema()["$defs"]["Baseline"]["properties"]["like"]["enum"] == [*PRESETS]
    assert "| `dapo` | `advantage: group_norm`" in catalogue_text()
