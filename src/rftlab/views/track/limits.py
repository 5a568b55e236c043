"""MLflow's limits, and how names and texts of any length are stored within them. Imports no mlflow.

A test holds the numbers against the installed MLflow.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

POINTS_PER_CALL, PARAMS_PER_CALL, DATASETS_PER_CALL = 1000, 100, 1000
# characters
KEY_LENGTH, RUN_NAME_LENGTH = 250, 250  # of parameters, metrics and tags
PARAM_LENGTH, TAG_LENGTH, EXPERIMENT_TAG_LENGTH, DATASET_DIGEST_LENGTH = 6000, 8000, 20_000, 36
T = TypeVar("T")


def fitting(text: str, length: int) -> str:
    """Shorten a text to ``length`` characters; the study's files have it whole."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def fitting_key(name: str) -> str:
    """A name as MLflow takes it: letters, digits and ``/_-. :``, normalised as a path, of at most 250 characters.

    One that is none ends in 8 digits of its digest, so that different names stay different.
    """
    if len(name) <= KEY_LENGTH and re.fullmatch(r"[/\w. :-]+", name) and _is_path(name):
        return name
    plain = re.sub(r"[^\w. :-]", "_", name).lstrip(".")
    return f"{plain[: KEY_LENGTH - 9]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _is_path(name: str) -> bool:
    return posixpath.normpath(name) == name and name != "." and not name.startswith(("..", "/"))


def to_tags(key: str, value: Any) -> dict[str, str]:
    """JSON of any length as tags: under ``key`` itself or in parts, of which ``key`` has the number.

    ``key`` comes last: written in this order, it stands for parts that are there.
    """
    text = json.dumps(value)
    if len(text) <= TAG_LENGTH:
        return {key: text}
    pieces = [text[i : i + TAG_LENGTH] for i in range(0, len(text), TAG_LENGTH)]
    return {f"{key}.{number}": piece for number, piece in enumerate(pieces)} | {key: str(len(pieces))}


def from_tags(key: str, tags: Mapping[str, str]) -> Any:
    """What :func:`to_tags` stored, None where there is none or it is not whole."""
    try:
        value = json.loads(tags[key])
        return value if not isinstance(value, int) else json.loads("".join(tags[f"{key}.{i}"] for i in range(value)))
    except (KeyError, ValueError):
        return None


def parts(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Items, so many at a time."""
    return (items[i : i + size] for i in range(0, len(items), size))
