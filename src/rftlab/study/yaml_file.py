"""Reading study files, merged as Snakemake does, with errors that name the file and the line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from rftlab.errors import BadInputError

MOST_VALUES = 200_000
LARGEST = 10**15


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
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadInputError(f"{path}: cannot be read: {error.strerror}; a study is a YAML file") from None
    except ValueError as error:
        raise BadInputError(f"{path}: not YAML: {error}") from None
    content = parse_yaml(text, str(path))
    if not isinstance(content, dict):
        what = "nothing" if content is None else f"a {type(content).__name__}"
        raise BadInputError(f"{path}: the file holds {what}; a study is a mapping with study, models, datasets, …")
    return content


def read_files(files: Sequence[Path]) -> dict[str, Any]:
    """One mapping of several files, as Snakemake makes of ``--configfile a.yaml b.yaml``.

    Raises:
        BadInputError: as :func:`read_yaml`.
    """
    content: dict[str, Any] = {}
    for file in files:
        content = merged(content, read_yaml(file))
    return content


def merged(content: Any, later: Mapping[str, Any]) -> dict[str, Any]:
    """``content`` with what ``later`` says: mappings key by key, at any depth, and all else as it is in ``later``."""
    result = dict(content) if isinstance(content, Mapping) else {}
    for key, value in later.items():
        result[key] = merged(result.get(key), value) if isinstance(value, Mapping) else value
    return result


def parse_yaml(text: str, where: str) -> Any:
    """The value that YAML is.

    Raises:
        BadInputError: it is not YAML, gives a key twice or holds what no study means; with ``where`` and line.
    """
    try:
        content = yaml.load(text, _UniqueKeyLoader)  # a SafeLoader
    except BadInputError as error:
        raise BadInputError(f"{where}:{error}") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        raise BadInputError(f"{where}{line}: not YAML: {error.problem or error.context}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # bad characters, 2026-13-01, absurd nesting
        raise BadInputError(f"{where}: not YAML: {error}") from None
    refuse_unusable(content, where)
    return content


def refuse_unusable(content: Any, where: str) -> None:
    """Refuse values that no study means and no program can pass on, whatever their key.

    Raises:
        BadInputError: half a character, a null character, a number of more than 15 digits, too many values.
    """
    todo, values = [("", content)], 0
    while todo:
        key, value = todo.pop()
        values += 1
        if values > MOST_VALUES:  # `&a [*a]`, and lists of lists of lists that aliases make long
            raise BadInputError(
                f"{where}: more than {MOST_VALUES} values; an alias that holds itself, or aliases of aliases?"
            )
        at = f"{where}: {key}" if key else where
        if isinstance(value, dict):
            for name, below in value.items():
                refuse_unusable_scalar(name, at)
                todo.append((f"{key}.{name}" if key else str(name), below))
        elif isinstance(value, list):
            todo += [(f"{key}.{position}", below) for position, below in enumerate(value)]
        else:
            refuse_unusable_scalar(value, at)
            if not isinstance(value, str | int | float | None):  # a date, !!binary, !!set
                raise BadInputError(f"{at}: YAML reads a {type(value).__name__} here; put quotes around a text")


def refuse_unusable_scalar(value: Any, at: str) -> None:
    """Refuse one value.

    Raises:
        BadInputError: as :func:`refuse_unusable`.
    """
    if isinstance(value, str) and any(c == "\0" or "\ud800" <= c <= "\udfff" for c in value):
        raise BadInputError(
            f"{at}: a text holds a null character or half of a surrogate pair; whole characters are needed"
        )
    if isinstance(value, int) and abs(value) > LARGEST:
        raise BadInputError(f"{at}: a whole number is too large; at most {LARGEST} is needed")
