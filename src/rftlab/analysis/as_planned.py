"""Whether what lies in a study's folders is what its plan says: no table is made of anything else.

A run is bound to its configuration by four things: ``run.json`` is the plan's; the manifest, published last, has the
checksums of ``run.json`` and ``metrics.jsonl``; ``provenance.json`` has the fingerprint of the code and the checksum of
the training data; and every run and evaluation of a base model names the same weights. Outcomes are bound to their run
by the checksums of the weights that were evaluated. Whatever a scheduler, a copy or a hand did to the folders is seen
here.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rftlab.errors import BadInputError
from rftlab.evaluation.outcomes import read_made
from rftlab.files import file_sha256
from rftlab.runfolder.expected import Expected, Job
from rftlab.runfolder.read import read_document
from rftlab.runfolder.study_plan import PlannedRun, StudyPlan


class Nothing:
    """A value that is missing."""

    def __repr__(self) -> str:
        return "nothing"


NOTHING = Nothing()
OF_CODE = "or say in report.other_code why results of other code may be shown"


class PlanCheck:
    """What the runs and evaluations of a plan must have been made with; ``data`` is the content of ``data.json``."""

    def __init__(self, plan: StudyPlan, expected: Expected, data: Mapping[str, Any]) -> None:
        self.expected, self.plan = expected, plan
        self.data_sha256, self.set_sha256 = (_checksums(data, part) for part in ("datasets", "evaluation_sets"))
        self.base = functools.cache(self._base)
        """Weights of a base model, by the evaluation that a run names, and whether that is of other code."""

    def check(self, run: PlannedRun) -> bool:
        """Compare a run, its evaluations and its base model's with the plan; whether any was made with other code.

        Raises:
            BadInputError: one was made with something else; the message names the file, the key and both values.
        """
        manifest = read_document(Path(run.folder) / "checkpoints.json")
        other = self.check_training(run, manifest)
        weights = {int(entry["round"]): entry["sha256"] for entry in manifest["checkpoints"]}
        for path in run.evaluations.values():
            other |= self.check_outcomes(path, weights)
        return other | self.base(run.model, run.base)[1]

    def check_training(self, run: PlannedRun, manifest: Mapping[str, Any]) -> bool:
        """Compare a run with the plan; whether it was trained with other code."""
        folder, job = Path(run.folder), _job(self.expected.runs, run.folder)
        again = f"remove {folder}/checkpoints.json to train the run again"
        _refuse(f"{folder}/run.json", job.config, read_document(folder / "run.json"), again)
        files = manifest.get("files", {})
        for name in ("run.json", "metrics.jsonl"):
            if files.get(name) != _sha256(folder / name):
                raise BadInputError(f"{folder}/{name}: not the file that checkpoints.json beside it names; {again}")
        key = read_document(folder / "provenance.json").get("key", {})
        base = {"base": {"sha256": self.base(run.model, run.base)[0]}}
        _refuse(f"{folder}/checkpoints.json", base, {"base": {"sha256": manifest["base"].get("sha256")}}, again)
        inputs = {"data": self.data_sha256.get(run.dataset), "model": base["base"]["sha256"]}
        _refuse(f"{folder}/provenance.json: key", inputs, {name: key.get(name) for name in inputs}, again)
        return self.other_code(f"{folder}/provenance.json: key.code", job.code, key.get("code"), again)

    def check_outcomes(self, path: str, weights: Mapping[int, str]) -> bool:
        """Compare an evaluation with the plan and with the weights of its run, by round; whether of other code."""
        job, made = _job(self.expected.evaluations, path), read_made(Path(path))
        again = "remove the file to evaluate again"
        _refuse(path, job.config, made.config, again)
        _refuse(f"{path}: checkpoints", dict(weights), dict(made.checkpoints), again)
        queries = {name: self.set_sha256.get(name) for name in job.config["sets"]}
        _refuse(f"{path}: queries", queries, dict(made.queries), again)
        return self.other_code(f"{path}: code", job.code, made.code, again)

    def _base(self, model: str, path: str) -> tuple[str, bool]:
        weights = read_made(Path(path)).checkpoints.get(0, "")
        manifest = Path(self.plan.models[model].path, "model.json")
        if manifest.exists():  # it may have been removed since, with all that resources/ holds
            weights = read_document(manifest).get("sha256", "")
        return weights, self.check_outcomes(path, {0: weights})

    def other_code(self, where: str, planned: str, found: Any, again: str) -> bool:
        """Whether something was made with other code, which the study must say why it allows."""
        if found != planned and self.plan.report.other_code is None:
            raise BadInputError(f"{where}: made with {found}, today's code is {planned}; {again}, {OF_CODE}")
        return bool(found != planned)


def differences(planned: Any, found: Any, key: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Where two JSON values differ: dotted key, the planned value, the one found; ``NOTHING`` for a missing one."""
    if not (isinstance(planned, Mapping) and isinstance(found, Mapping)):
        if planned != found or type(planned) is not type(found):
            yield key, planned, found
        return
    for name in [*planned, *(name for name in found if name not in planned)]:
        yield from differences(
            planned.get(name, NOTHING), found.get(name, NOTHING), f"{key}.{name}" if key else f"{name}"
        )


def _sha256(path: Path) -> str:
    try:
        return file_sha256(path)
    except FileNotFoundError:
        raise BadInputError(f"{path}: no such file") from None


def _checksums(data: Mapping[str, Any], part: str) -> dict[str, str]:
    """Checksums of the files of queries that ``data.json`` says it has checked, by name."""
    try:
        return {name: entry["sha256"] for name, entry in data[part].items()}
    except (KeyError, TypeError, AttributeError):
        raise BadInputError(
            f"data.json: {part}: a checksum is missing: remove the file, so that it is made again"
        ) from None


def _refuse(where: str, planned: Any, found: Any, again: str) -> None:
    for key, ours, theirs in differences(planned, found):
        raise BadInputError(f"{where}: {key}: made with {theirs!r}, the plan has {ours!r}; {again}")


def _job(jobs: Mapping[str, Job], path: str) -> Job:
    try:
        return jobs[path]
    except KeyError:
        raise BadInputError(
            f"{path}: expected.json does not have it: remove that file, so that it is made again"
        ) from None
