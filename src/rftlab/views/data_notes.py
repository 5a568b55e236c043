"""What the report says of the data: queries that are also trained on, and why; what was dropped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rftlab.errors import BadInputError
from rftlab.runfolder.study_plan import BASELINE
from rftlab.views.results import Results
from rftlab.views.summary import RunRecords


@dataclass(frozen=True)
class SetNotes:
    """Notes on one evaluation set, in words: what training has too, why, what was dropped, and its clusters, which
    count as a query each; "" for nothing.
    """

    shared: str
    reason: str
    dropped: str
    clusters: str = ""


def evaluation_sets(results: Results, data: Mapping[str, Any]) -> dict[str, SetNotes]:
    """Notes on every evaluation set, from ``data.json`` and the evaluations of the base models.

    Raises:
        BadInputError: a base model's evaluation cannot be read.
    """
    overlong_notes: dict[str, list[str]] = {name: [] for name in results.plan.evaluation_sets}
    for pair, path in _bases(results).items():
        for name, count in overlong(path).items():
            if count:
                overlong_notes[name].append(f"{count:,} ({pair})")
    notes = {}
    for name, entry in data["evaluation_sets"].items():
        overlaps = [f"{counts['normalised']:,} with {dataset}" for dataset, counts in entry["overlap"].items()]
        shared = f"{', '.join(overlaps)}, of {entry['queries']:,}" if overlaps else ""
        reason, dropped = entry["reason"] or "" if shared else "", ", ".join(overlong_notes[name])
        notes[name] = SetNotes(shared, reason, dropped, _clusters(entry["clusters"], entry["queries"]))
    return notes


def training(results: Results, records: RunRecords, data: Mapping[str, Any]) -> dict[str, str]:
    """Notes on every training split that lost something, such as duplicates or empty boxes, or has doubtful answers."""
    overlong_by: dict[str, dict[str, int]] = {name: {} for name in data["datasets"]}
    for run, provenance in zip(results.plan.runs, records.provenance, strict=True):
        if run.variant == BASELINE:
            overlong_by[run.dataset][run.model] = provenance["data"]["overlong"]
    notes = {}
    for name, split in data["datasets"].items():
        parts = [f"{split['duplicates']:,} duplicates"] if split["duplicates"] else []
        parts += [f"{split['conflicts']:,} of them with another answer"] if split["conflicts"] else []
        parts += [f"{len(split['unanswered']):,} with an empty box"] if split["unanswered"] else []
        parts += [f"{count:,} overlong prompts ({model})" for model, count in overlong_by[name].items() if count]
        told = [f"{', '.join(parts)} dropped; {split['queries']:,} queries were left"] if parts else []
        if several := len(split["several_boxes"]):
            told.append(f"{several:,} with boxes that differ, of which the last is the answer")
        if told:
            notes[name] = "; ".join(told)
    return notes


def overlong(path: Path) -> dict[str, int]:
    """Queries of each evaluation set that an evaluation dropped for their prompts' length.

    Raises:
        BadInputError: no such file, or no evaluation.
    """
    try:
        metadata = pq.read_schema(path).metadata or {}
    except (OSError, pa.ArrowInvalid) as error:
        raise BadInputError(f"{path}: not an evaluation file: {error}") from None
    if b"overlong" not in metadata:
        raise BadInputError(f"{path}: not an evaluation file: it does not say how many prompts were dropped")
    counts: dict[str, int] = json.loads(metadata[b"overlong"])
    return counts


def _clusters(of: Mapping[str, str], queries: int) -> str:
    clusters = len(set(of.values()))
    return f"{queries:,} queries, {len(of):,} of them in {clusters:,} clusters that count as one each" if of else ""


def _bases(results: Results) -> dict[str, Path]:
    """Evaluation of the base model of every pair."""
    return {str(run.pair): Path(run.base) for run in results.plan.runs}
