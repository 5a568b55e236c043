"""Reading a study file, with errors that name the file and the line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from rftlab.errors import BadInputError


class _UniqueKeyLoader(yaml.SafeLoader):
    """Refuses a mapping that gives a key twice, of which YAML readers otherwise keep the last in silence."""


def _unique_mapping(loader: _UniqueKeyLoader, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
    lines: dict[str, int] = {}
    for key_node, _ in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            continue  # refused later: no name is a list
        if key_node.value in lines:
            first = lines[key_node.value]
            raise BadInputError(f"{line}: {key_node.value!r} is given twice, first on line {first}; names must differ")
        lines[key_node.value] = line
    return yaml.SafeLoader.construct_mapping(loader, node, deep)


_UniqueKeyLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _unique_mapping)


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file that holds one mapping.

    Raises:
        BadInputError: it cannot be read, is not YAML, gives a key twice, or is no mapping; with file and line.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _UniqueKeyLoader)  # a SafeLoader
    except OSError as error:
        raise BadInputError(f"{path}: cannot be read: {error.strerror}; a study is a YAML file") from None
    except BadInputError as error:
        raise BadInputError(f"{path}:{error}") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        raise BadInputError(f"{path}{line}: not YAML: {error.problem or error.context}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # bad characters, 2026-13-01, absurd nesting
        raise BadInputError(f"{path}: not YAML: {error}") from None
    if not isinstance(content, dict):
        what = "nothing" if content is None else f"a {type(content).__name__}"
        raise BadInputError(f"{path}: the file holds {what}; a study is a mapping with study, models, datasets, …")
    return content
