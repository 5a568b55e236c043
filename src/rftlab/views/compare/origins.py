"""What differs in how two studies were made: design, configuration, data, code, and the machines they ran on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from rftlab.files import canonical_json
from rftlab.runfolder.read import read_document
from rftlab.views.results import Results, read_results
from rftlab.views.summary import RunRecords, provenance

ABSENT = "absent"


@dataclass(frozen=True)
class Side:
    """A study with what its runs recorded of themselves; None where its folder has no runs, only tables."""

    folder: Path
    results: Results
    provenance: list[dict[str, Any]] | None


class Differing(NamedTuple):
    """Something that is not the same in both: what, as each has it, and of which variants where it is a setting."""

    what: str
    a: str
    b: str
    variants: str = ""


def read_side(folder: Path) -> Side:
    """Read a study from the folder of its results, wherever that was moved to.

    Raises:
        BadInputError: plan, tables, or the provenance of a run are missing or of no use.
    """
    results = read_results(folder / "plan.json", folder / "tables")
    if not (folder / "runs").is_dir():
        return Side(folder, results, None)
    found = [read_document(folder / "runs" / run.key / "provenance.json") for run in results.plan.runs]
    return Side(folder, results, found)


def differing(a: Side, b: Side) -> list[Differing]:
    """All that differs: first the design, then settings by dotted key, then origins."""
    found = [*_of(_design(a.results), _design(b.results)), *_settings(a.results, b.results)]
    if a.provenance is None or b.provenance is None:
        return found
    return [*found, *_of(*({key: _text(value) for key, value in _origins(side).items()} for side in (a, b)))]


def _of(a: Mapping[str, str], b: Mapping[str, str]) -> Iterator[Differing]:
    for what in dict.fromkeys([*a, *b]):
        if a.get(what) != b.get(what):
            yield Differing(what, a.get(what, ABSENT), b.get(what, ABSENT))


def _design(results: Results) -> dict[str, str]:
    plan, report = results.plan, results.plan.report
    data = {
        **{f"model {name}": model.digest for name, model in plan.models.items()},
        **{f"dataset {name}": dataset.digest for name, dataset in plan.datasets.items()},
        **{f"evaluation set {name}": one.digest for name, one in plan.evaluation_sets.items()},
    }
    return {
        "primary endpoint": f"{report.primary.metric}, {' and '.join(report.primary.budgets)}",
        "equivalence margin": f"{100 * report.equivalence_margin:g} points",
        "confidence": f"{report.confidence:g}",
        "seeds": _text(plan.seeds),
        "budget of a run": ", ".join(f"{value} {name}" for name, value in plan.budget.items()),
        **data,
    }


def _settings(a: Results, b: Results) -> Iterator[Differing]:
    """Settings of the variants that both have, by key and values."""
    shared = [v.name for v in a.variants if v.name in {w.name for w in b.variants}]
    of_a, of_b = ({name: _configuration(results, name) for name in shared} for results in (a, b))
    groups: dict[tuple[str, str, str], list[str]] = {}
    for name in shared:
        for found in _of(of_a[name], of_b[name]):
            groups.setdefault(found[:3], []).append(name)
    for (key, one, other), names in sorted(groups.items()):
        yield Differing(key, one, other, "all variants" if names == shared else ", ".join(names))


def _configuration(results: Results, variant: str) -> dict[str, str]:
    """A variant's settings, dotted key → text; several where its runs differ, which none but models' own do."""
    runs = results.runs[results.runs["variant"] == variant]
    columns = [column for column in map(str, runs) if column.startswith("config.") and runs[column].notna().any()]
    return {
        column.removeprefix("config."): _text(sorted({_json(value) for value in runs[column].dropna()}))
        for column in columns
    }


def _json(value: Any) -> str:
    """A cell of the table of runs, whatever its column's kind: one of several kinds holds JSON, 1 may stand as 1.0."""
    found = value.item() if hasattr(value, "item") else value
    if isinstance(found, str):
        try:
            found = json.loads(found)
        except ValueError:
            return str(value)
    if isinstance(found, str):
        return found
    return canonical_json(int(found) if isinstance(found, float) and found.is_integer() else found)


def _origins(side: Side) -> dict[str, list[str]]:
    """Commits, code, versions and platforms; what the design says already is left out."""
    found = provenance(side.results, RunRecords(side.provenance or [], {}))
    return {key: found[key] for key in found if key not in ("Seeds", "Models", "Datasets", "Evaluation sets")}


def _text(values: Any) -> str:
    return ", ".join(map(str, values))
