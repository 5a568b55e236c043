"""Configurations of trainers as files: read, and written with what was not taken over in comments."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from rftlab.errors import BadInputError
from rftlab.study.configuration import resolve
from rftlab.study.yaml_file import parse_yaml, refuse_unusable


def read_config(path: Path) -> dict[str, Any]:
    """A trainer's configuration, of YAML or, if the file's name ends in .json, of JSON.

    Raises:
        BadInputError: it cannot be read, or is no mapping.
    """
    try:
        text = path.read_text(encoding="utf-8")
        content = json.loads(text) if path.suffix == ".json" else parse_yaml(text, str(path))
    except OSError as error:
        raise BadInputError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise BadInputError(f"{path}: cannot be read: {error}") from None
    refuse_unusable(content, str(path))
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise BadInputError(f"{path}: a mapping of a trainer's keys is needed, not {type(content).__name__}")
    return content


def baseline_page(path: Path, framework: str, baseline: Mapping[str, Any], remarks: Mapping[str, str]) -> str:
    """The section ``baseline`` as YAML, after comments that name every key that is not in it.

    Raises:
        BadInputError: it is no baseline that could be trained.
    """
    resolve(baseline, f"{path}: as a baseline")
    return page(f"From {path}, by {framework}.", {"baseline": baseline}, remarks)


def page(title: str, content: Mapping[str, Any], remarks: Mapping[str, str]) -> str:
    """A mapping as YAML, with a title and remarks by key as comments."""
    lines = [title, *(["Not taken over as it is:", *told(remarks)] if remarks else [])]
    style = None if any(isinstance(value, dict) for value in content.values()) else False
    body = yaml.safe_dump(dict(content), sort_keys=False, allow_unicode=True, default_flow_style=style, width=100)
    return "".join(f"# {line}\n" for line in lines) + body


def told(remarks: Mapping[str, str]) -> list[str]:
    """A line for each remark."""
    return [f"{key}: {' '.join(remark.split())}" for key, remark in remarks.items()]
