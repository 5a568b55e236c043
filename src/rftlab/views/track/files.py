"""Files of a study, as a reader finds them while they are being written."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rftlab.errors import BadInputError
from rftlab.files import canonical_json
from rftlab.files import read_json as read_whole_json

RunKey = tuple[str, str, str, int]
Evaluations = Mapping[RunKey, Mapping[str, Mapping[int, Mapping[str, float]]]]


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        BadInputError: it is not JSON.
    """
    try:
        return read_whole_json(path)
    except ValueError as error:
        raise BadInputError(f"{path}: not JSON ({error})") from error


def read_log(path: Path) -> list[dict[str, Any]]:
    """Rows of a log that may still be growing: what stands behind the last newline is left for later.

    Raises:
        BadInputError: a complete line is not a JSON object with a round.
    """
    rows: list[dict[str, Any]] = []
    for number, line in enumerate(path.read_bytes().split(b"\n")[:-1], start=1):
        try:
            row = json.loads(line)
            rows.append(row | {"round": int(row["round"])})
        except (ValueError, TypeError, KeyError) as error:
            raise BadInputError(f"{path}:{number}: not a JSON object with a round") from error
    return rows


def read_evaluations(table: Path) -> Evaluations:
    """Run → evaluation set → round → metric → value; empty while there is no table.

    Raises:
        BadInputError: the file is not the table of evaluations.
    """
    found: dict[RunKey, dict[str, dict[int, dict[str, float]]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(dict))
    )
    if table.exists():
        columns = ["model", "dataset", "variant", "seed", "evaluation_set", "round", "metric", "value"]
        try:
            rows = pq.read_table(table, columns=columns).to_pylist()
        except pa.ArrowException as error:
            raise BadInputError(f"{table}: not the table of evaluations ({str(error).splitlines()[0]})") from error
        for r in rows:
            key = (r["model"], r["dataset"], r["variant"], r["seed"])
            found[key][r["evaluation_set"]][r["round"]][r["metric"]] = r["value"]
    return found


def flatten(config: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested configuration → dotted key → text: strings as they are, everything else as JSON."""
    flat: dict[str, str] = {}
    for key, value in config.items():
        if isinstance(value, Mapping) and value:
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value if isinstance(value, str) else canonical_json(value)
    return flat
