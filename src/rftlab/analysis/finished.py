"""The finished runs of a plan: each read once, and only if it is what the plan says."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from rftlab.analysis.as_planned import PlanCheck
from rftlab.analysis.clusters import read_clusters
from rftlab.analysis.metrics import collapse
from rftlab.analysis.primary import Comparison, comparisons
from rftlab.analysis.race import Design, Standing, standings
from rftlab.analysis.runs import RunOutcomes, SampledMetrics, SetOutcomes, read_outcomes, read_run
from rftlab.runfolder.expected import Expected
from rftlab.runfolder.read import read_curve, read_document
from rftlab.runfolder.study_plan import Pair, PlannedRun, StudyPlan

EDGE = 0.2  # first, last and peak means are over this share of the rounds


@dataclass(frozen=True)
class FinishedRun:
    """A run of the plan, how it trained and what it answered, and whether other code than today's made any of it."""

    planned: PlannedRun
    curve: pd.DataFrame
    outcomes: RunOutcomes
    other_code: bool

    @property
    def ways_to_collapse(self) -> tuple[str, ...]:
        """The ways in which it collapsed: reward, entropy, truncation; none for most."""
        if self.curve.empty:
            return ()
        accuracy_R, entropy_R, truncated_R = (
            self.curve[name].to_numpy("float64") for name in ("accuracy", "entropy", "truncation_rate")
        )
        return collapse(accuracy_R, entropy_R, truncated_R, EDGE)


class FinishedRuns:
    """Runs of a plan; ``expected`` and ``data`` say what they must have been made with (see :class:`PlanCheck`).

    A file that is missing or incomplete, or was made with something else, is a BadInputError that names it, when the
    run is asked for.
    """

    def __init__(self, plan: StudyPlan, expected: Expected, data: Mapping[str, Any]) -> None:
        self.plan, self._check = plan, PlanCheck(plan, expected, data)
        self._clusters = read_clusters(data)
        self._metrics = SampledMetrics(plan.evaluation.samples, plan.evaluation.pass_at)
        self._read = functools.cache(self._read_run)
        self._base = functools.cache(self._read_base)

    def of(self, pair: Pair, seeds: Mapping[str, int]) -> dict[tuple[str, int], FinishedRun]:
        """Runs of a pair by variant and seed, in the order of the plan: of each variant as many of its first seeds."""
        wanted = {name: set(self.plan.seeds[:count]) for name, count in seeds.items()}
        entries = [(i, run) for i, run in enumerate(self.plan.runs) if run.pair == pair]
        return {(run.variant, run.seed): self._read(i) for i, run in entries if run.seed in wanted.get(run.variant, ())}

    def standings(self) -> Iterator[Standing]:
        """What the study says after each of its looks; only what a look asks for is read."""
        plan = self.plan
        design = Design(plan.race, 1 - plan.report.confidence, plan.report.equivalence_margin)
        return standings(plan.pairs, plan.variants, design, self._compare)

    def _compare(self, pair: Pair, seeds: Mapping[str, int]) -> list[Comparison]:
        runs = self.of(pair, seeds)
        lost = [key for key, run in runs.items() if run.ways_to_collapse]
        outcomes = {key: run.outcomes for key, run in runs.items()}
        return comparisons(outcomes, self.plan.variants, self.plan.splits, self.plan.report.primary, lost, pair)

    def _read_run(self, number: int) -> FinishedRun:
        planned = self.plan.runs[number]
        other_code, folder = self._check.check(planned), Path(planned.folder)
        manifest = read_document(folder / "checkpoints.json")
        outcomes = read_run(planned, manifest, self._base(planned.base), self._metrics, self._clusters)
        return FinishedRun(planned, read_curve(folder), outcomes, other_code)

    def _read_base(self, path: str) -> dict[str, SetOutcomes]:
        return read_outcomes(Path(path), None, self._metrics, self._clusters)
