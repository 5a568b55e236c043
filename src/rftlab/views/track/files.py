"""Files of a study, as a reader finds them while they are being written."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rftlab.errors import BadInputError
from rftlab.files import canonical_json, read_json
from rftlab.runfolder.log import STATE

RunKey = tuple[str, str, str, int]
Evaluations = Mapping[RunKey, Mapping[str, Mapping[int, Mapping[str, float]]]]


def read_checked_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        BadInputError: it is not JSON.
    """
    try:
        return read_json(path)
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


@dataclass(frozen=True)
class RunFiles:
    """What a run's folder holds: its published files, or the logs of its state directory while it is under way.

    ``times`` maps a round to when it happened (Unix ms), ``seconds`` to its line of ``timings.jsonl``.
    """

    manifest: dict[str, Any] | None
    document: dict[str, Any]
    provenance: dict[str, Any]
    metrics: list[dict[str, Any]]
    seconds: dict[int, dict[str, Any]]

    @property
    def times(self) -> dict[int, int]:
        """When each round happened."""
        return {number: int(row["time_ms"]) for number, row in self.seconds.items()}

    @classmethod
    def read(cls, place: Path) -> RunFiles | None:
        """Read them; None where there is nothing to show yet: just begun, or being published this very moment."""
        try:
            manifest = read_checked_json(place / "checkpoints.json") if (place / "checkpoints.json").exists() else None
            logs = place if manifest else place / STATE
            document = read_checked_json(logs / "run.json")
            metrics, clock = read_log(logs / "metrics.jsonl"), read_log(logs / "timings.jsonl")
            provenance = read_checked_json(place / "provenance.json") if manifest else {}
        except FileNotFoundError:
            return None
        _check_ascending(logs / "metrics.jsonl", metrics)
        seconds = {row["round"]: row for row in clock}  # a resumed run may repeat rounds: the last time counts
        if manifest is None:  # a round counts once both its lines are there, or its time would change between imports
            metrics = [row for row in metrics if row["round"] in seconds]
            if not metrics:
                return None
        return cls(manifest, document, provenance, metrics, seconds)


def _check_ascending(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    for number, (before, row) in enumerate(pairwise(rows), start=2):
        if row["round"] <= before["round"]:
            raise BadInputError(f"{path}:{number}: round {row['round']} follows round {before['round']}")


def read_evaluations(table: Path) -> Evaluations:
    """Run → evaluation set → round → metric → value; empty while there is no table.

    Raises:
        BadInputError: the file is not the table of evaluations.
    """
    evaluations: dict[RunKey, dict[str, dict[int, dict[str, float]]]] = defaultdict(
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
            evaluations[key][r["evaluation_set"]][r["round"]][r["metric"]] = r["value"]
    return evaluations


def flatten(config: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested configuration → dotted key → text: strings as they are, everything else as JSON."""
    flat: dict[str, str] = {}
    for key, value in config.items():
        if isinstance(value, Mapping) and value:
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value if isinstance(value, str) else canonical_json(value)
    return flat
