"""The finished runs of a plan: each read once, and only if it is what the plan says."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rftlab.analysis.as_planned import PlanCheck
from rftlab.analysis.clusters import read_clusters
from rftlab.analysis.factorial import effects
from rftlab.analysis.marginal_gains import Runs
from rftlab.analysis.metrics import collapse
from rftlab.analysis.primary import Comparison, comparisons
from rftlab.analysis.race import Arms, Design, Seeds, Standing, standings
from rftlab.analysis.runs import RunOutcomes, SampledMetrics, SetOutcomes, read_outcomes, read_run
from rftlab.runfolder.expected import Expected
from rftlab.runfolder.read import read_curve, read_document
from rftlab.runfolder.study_plan import Pair, PlannedPrimary, PlannedRun, PlannedVariant, StudyPlan

About = tuple[Runs, Sequence[PlannedVariant], Mapping[str, str], PlannedPrimary, list[tuple[str, int]]]
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
        self.design = Design(plan.race, 1 - plan.report.confidence, plan.report.equivalence_margin)

    def of(self, pair: Pair, seeds: Mapping[str, int]) -> dict[tuple[str, int], FinishedRun]:
        """Runs of a pair by variant and seed, in the order of the plan: of each variant as many of its first seeds."""
        wanted = {name: set(self.plan.seeds[:count]) for name, count in seeds.items()}
        entries = [(i, run) for i, run in enumerate(self.plan.runs) if run.pair == pair]
        return {(run.variant, run.seed): self._read(i) for i, run in entries if run.seed in wanted.get(run.variant, ())}

    def standings(self) -> Iterator[Standing]:
        """What the study says after each of its looks; only what a look asks for is read."""
        return standings(self.plan.pairs, self.plan.variants, self.design, self._compare)

    def so_far(self) -> tuple[Standing, dict[Pair, dict[str, int]]]:
        """What the study says after the looks whose runs are all there, and the first seeds that each variant has.

        A level without any run of what it is compared with has none. Before the first look nothing is said: every
        comparison that can be made is open.
        """
        have = {pair: self._counts(pair) for pair in self.plan.pairs}

        def ready(asked: Seeds) -> bool:
            return all(have[pair].get(name, 0) >= count for (pair, name), count in asked.items() if pair)

        taken = list(standings(self.plan.pairs, self.plan.variants, self.design, self._compare, ready))
        if taken:
            return taken[-1], have
        found = {one.key: one for pair, seeds in have.items() for one in self._compare(pair, seeds)}
        asked: dict[Arms, int] = {(pair, name): count for pair, seeds in have.items() for name, count in seeds.items()}
        return Standing(self.design, 0, found, {}, {}, asked, frozenset(asked)), have

    def _counts(self, pair: Pair) -> dict[str, int]:
        """Whole runs of each variant that has one, and whose reference has one."""
        counts = {variant.name: self._count(pair, variant.name) for variant in self.plan.variants}
        reference = {variant.name: variant.relative_to for variant in self.plan.variants}
        return {name: count for name, count in counts.items() if count and counts[reference[name] or name]}

    def _count(self, pair: Pair, variant: str) -> int:
        """Runs of a variant that are whole and evaluated, before the first seed that is not."""
        runs = {run.seed: run for run in self.plan.runs if run.pair == pair and run.variant == variant}
        whole = [seed in runs and _whole(runs[seed]) for seed in self.plan.seeds]
        return [*whole, False].index(False)

    def _compare(self, pair: Pair, seeds: Mapping[str, int]) -> list[Comparison]:
        return comparisons(*self._about(pair, seeds), pair)

    def effects(self, pair: Pair, seeds: Mapping[str, int]) -> list[Comparison]:
        """Main effects and interactions of a pair's crossed factors; none where no factors are crossed."""
        return effects(*self._about(pair, seeds), pair)

    def _about(self, pair: Pair, seeds: Mapping[str, int]) -> About:
        runs = self.of(pair, seeds)
        lost = [key for key, run in runs.items() if run.ways_to_collapse]
        outcomes = {key: run.outcomes for key, run in runs.items()}
        return outcomes, self.plan.variants, self.plan.splits, self.plan.report.primary, lost

    def _read_run(self, number: int) -> FinishedRun:
        planned = self.plan.runs[number]
        other_code, folder = self._check.check(planned), Path(planned.folder)
        manifest = read_document(folder / "checkpoints.json")
        outcomes = read_run(planned, manifest, self._base(planned.base), self._metrics, self._clusters)
        return FinishedRun(planned, read_curve(folder), outcomes, other_code)

    def _read_base(self, path: str) -> dict[str, SetOutcomes]:
        return read_outcomes(Path(path), None, self._metrics, self._clusters)


def timed(runs: Mapping[tuple[str, int], FinishedRun]) -> dict[tuple[str, int], RunOutcomes]:
    """Outcomes of runs, with what a round of their variant takes: the median over all rounds of all its runs."""
    seconds: dict[str, list[NDArray[np.float64]]] = {}
    for (variant, _), run in runs.items():
        seconds.setdefault(variant, []).append(np.diff(run.curve["seconds"].to_numpy("float64"), prepend=0.0))
    rates = {variant: np.concatenate(of_runs) for variant, of_runs in seconds.items()}
    return {
        (variant, seed): replace(
            run.outcomes, seconds_per_round=float(np.median(rates[variant])) if rates[variant].size else None
        )
        for (variant, seed), run in runs.items()
    }


def _whole(run: PlannedRun) -> bool:
    """Whether a run is published and all its evaluations are there."""
    paths = [f"{run.folder}/checkpoints.json", run.base, *run.evaluations.values()]
    return all(Path(path).is_file() for path in paths)
