"""A finished run's files read back, with errors that name the file and the line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rftlab.errors import BadInputError
from rftlab.runfolder.log import STATE

if TYPE_CHECKING:
    import pandas as pd


def read_document(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        BadInputError: no such file, or not a JSON object.
    """
    text = _text(path)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:  # a number too long, or nested too deeply
        raise BadInputError(f"{path}: not JSON: {error}") from None
    if not isinstance(document, dict):
        raise BadInputError(f"{path}: not a JSON object")
    return document


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Read a log of JSON objects, one a line.

    Raises:
        BadInputError: no such file, or a line that is not a JSON object.
    """
    rows = []
    for number, line in enumerate(_text(path).splitlines(), start=1):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise BadInputError(f"{path}, line {number}: not JSON: {error}") from None
        if not isinstance(row, dict):
            raise BadInputError(f"{path}, line {number}: not a JSON object")
        rows.append(row)
    return rows


def read_curve(folder: Path) -> pd.DataFrame:
    """A run round by round: the columns of ``metrics.jsonl``, and ``seconds`` since its first round began.

    Raises:
        BadInputError: a log is missing or broken, or ``timings.jsonl`` has other rounds than ``metrics.jsonl``.
    """
    import pandas as pd

    metrics, timings = read_lines(folder / "metrics.jsonl"), read_lines(folder / "timings.jsonl")
    if [row["round"] for row in metrics] != [row["round"] for row in timings]:
        raise BadInputError(f"{folder / 'timings.jsonl'}: not the rounds of metrics.jsonl")
    clock = pd.DataFrame(timings, columns=["sample_s", "score_s", "update_s"], dtype="float64")
    names = list(dict.fromkeys(name for row in metrics for name in row)) or ["round", "reward_mean", "accuracy"]
    return pd.DataFrame(metrics, columns=names).assign(seconds=clock.sum(axis=1).cumsum())


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadInputError(f"{path}: no such file{_under_way(path)}") from None
    except OSError as error:
        raise BadInputError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise BadInputError(f"{path}: not text in UTF-8: {error}") from None


def _under_way(path: Path) -> str:
    return ": the run is still under way" if (path.parent / STATE).is_dir() else ""
