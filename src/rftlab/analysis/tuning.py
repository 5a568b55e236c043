"""The tuned comparison: each level at its own best value of a key, against its reference at that one's.

Values are chosen by validation queries and by runs of seeds that nothing is judged on. What is chosen is then a study
of its own: the levels again, other runs, the same looks, a family of hypotheses of its own. All of it is a function of
results alone, so that tables and looks, which Snakemake is steered by, choose the same.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rftlab.analysis.finished import FinishedRun, FinishedRuns, whole
from rftlab.analysis.marginal_gains import extend
from rftlab.analysis.metrics import area_under_curve
from rftlab.analysis.pooled import pooled
from rftlab.analysis.primary import end_of
from rftlab.analysis.race import VERDICTS, Standing, rows
from rftlab.analysis.runs import RunOutcomes
from rftlab.runfolder.expected import Expected
from rftlab.runfolder.study_plan import (
    VALIDATION,
    Pair,
    PlannedCandidate,
    PlannedEvaluation,
    PlannedRun,
    PlannedTune,
    PlannedVariant,
    StudyPlan,
)

TUNING = {
    **dict.fromkeys(("model", "dataset", "tuned", "key"), "string"),
    **{"value": "float64", "variant": "string", "score": "float64", "n_seeds": "int64", "n_lost": "int64"},
    **{"own": "bool", "chosen": "bool"},
}
TUNED = {**VERDICTS, "value": "float64", "value_reference": "float64"}
DIGITS = 12  # of a score: sums in another order break no ties


@dataclass(frozen=True)
class CandidateScore:
    """A candidate of a pair: the mean of its validation accuracy over checkpoints and seeds, and its lost runs."""

    pair: Pair
    candidate: PlannedCandidate
    score: float
    seeds: int
    lost: int

    @property
    def own(self) -> bool:
        """Whether its value is what the level has anyway."""
        return self.candidate.tuned == self.candidate.variant


Choices = Mapping[tuple[Pair, str], CandidateScore]
"""What is chosen for each tuned variant of a pair."""


def best(scored: Sequence[CandidateScore]) -> CandidateScore:
    """The candidate that is chosen: of those that lost the fewest runs the one with the highest score.

    A run is lost that diverged or collapsed, whatever it had reached before. Of equals it is the level's own value, and
    else the first in the study's order.
    """
    return min(scored, key=lambda one: (one.lost, -round(one.score, DIGITS), not one.own))


class Tuned:
    """The tuned comparison of a plan that has one; a file that it needs and that is missing is a BadInputError."""

    def __init__(self, plan: StudyPlan, tune: PlannedTune, expected: Expected, data: Mapping[str, Any]) -> None:
        self.plan, self.tune, self._made_with = plan, tune, (expected, data)

    @property
    def choosing(self) -> list[PlannedRun]:
        """The runs that choose."""
        return [run for run in self.tune.runs if run.seed in self.tune.seeds]

    @property
    def can_choose(self) -> bool:
        """Whether all of them are there."""
        return all(map(whole, self.choosing))

    def scores(self) -> list[CandidateScore]:
        """Every candidate of every pair, in the plan's order."""
        trained = {run.variant: run for run in self.choosing}
        variants = tuple(PlannedVariant(run.variant, run.factor, run.level, None, {}) for run in trained.values())
        plan = dataclasses.replace(
            self.plan,
            runs=tuple(self.choosing),
            seeds=self.tune.seeds,
            variants=variants,
            evaluation=PlannedEvaluation(0, ()),
        )
        finished = FinishedRuns(plan, *self._made_with)
        found: list[CandidateScore] = []
        for pair in plan.pairs:
            runs = finished.of(pair, dict.fromkeys(trained, len(plan.seeds)))
            by_variant = {name: [run for (of, _), run in runs.items() if of == name] for name in trained}
            for tuned in dict.fromkeys(one.tuned for one in self.tune.candidates):
                found += _scored(pair, [one for one in self.tune.candidates if one.tuned == tuned], by_variant)
        return found

    def chosen(self, scores: Sequence[CandidateScore]) -> dict[tuple[Pair, str], CandidateScore]:
        """What is chosen of the scored."""
        places = dict.fromkeys((one.pair, one.candidate.tuned) for one in scores)
        return {place: best([o for o in scores if (o.pair, o.candidate.tuned) == place]) for place in places}

    def study(self, choices: Choices) -> StudyPlan:
        """The study of the chosen values: tuned variants by their own names, with the runs of what was chosen."""
        variants = {variant.name: variant for variant in self.plan.variants}
        tuned = {one.tuned for one in self.tune.candidates}
        runs = []
        for run in self.tune.runs:
            for name in tuned if run.seed not in self.tune.seeds else ():
                if choices[run.pair, name].candidate.variant == run.variant:
                    of = variants[name]
                    runs.append(
                        dataclasses.replace(
                            run, variant=name, factor=of.factor, level=of.level, relative_to=of.relative_to
                        )
                    )
        kept = tuple(variant for variant in self.plan.variants if variant.name in tuned)
        return dataclasses.replace(self.plan, variants=kept, runs=tuple(runs), tune=None)

    def finished(self, choices: Choices) -> FinishedRuns:
        """The runs of that study."""
        return FinishedRuns(self.study(choices), *self._made_with)


def _scored(
    pair: Pair, candidates: Sequence[PlannedCandidate], runs: Mapping[str, Sequence[FinishedRun]]
) -> Iterator[CandidateScore]:
    """Candidates of one tuned variant; curves are compared up to the end that all that finished have reached."""
    end = end_of([run.outcomes for one in candidates for run in runs[one.variant]], "rounds")
    for one in candidates:
        here = runs[one.variant]
        score = float(np.mean([validation_accuracy(run.outcomes, end) for run in here]))
        lost = sum(not run.outcomes.finished or bool(run.ways_to_collapse) for run in here)
        yield CandidateScore(pair, one, score, len(here), lost)


def validation_accuracy(run: RunOutcomes, end: float) -> float:
    """Area under the curve of greedy accuracy by rounds, each validation set counting equally."""
    curves = [extend(run.rounds_P, run.sets[name].correct_QP, end) for name in run.suites[VALIDATION]]
    return float(np.mean([area_under_curve(*curve, end).mean() for curve in curves]))


def choice_rows(tune: PlannedTune, scores: Sequence[CandidateScore], choices: Choices) -> list[dict[str, Any]]:
    """Rows of the table ``tuning``: every candidate."""
    return [
        {
            **one.pair._asdict(),
            "tuned": one.candidate.tuned,
            "key": tune.key,
            "value": one.candidate.value,
            "variant": one.candidate.variant,
            "score": one.score,
            "n_seeds": one.seeds,
            "n_lost": one.lost,
            "own": one.own,
            "chosen": one is choices[one.pair, one.candidate.tuned],
        }
        for one in scores
    ]


def tuned_rows(standing: Standing, plan: StudyPlan, choices: Choices) -> list[dict[str, Any]]:
    """Rows of the table ``tuned``: those of ``verdicts`` for the chosen values, which stand beside."""
    names = {(variant.factor, variant.level): variant.name for variant in plan.variants}
    found = []
    for row in rows(standing):
        pair = Pair(row["model"], row["dataset"])
        ours, theirs = (choices[pair, name] for name in (names[row["factor"], row["level"]], row["relative_to"]))
        found.append(row | {"value": ours.candidate.value, "value_reference": theirs.candidate.value})
    return found


def tuned_tables(
    plan: StudyPlan, expected: Expected, data: Mapping[str, Any], *, so_far: bool
) -> dict[str, list[dict[str, Any]]]:
    """Rows of the tables ``tuning``, ``tuned`` and ``tuned_pooled``; none where nothing is tuned, or chosen yet.

    Raises:
        BadInputError: as :func:`rftlab.analysis.tables.tables`.
    """
    none: dict[str, list[dict[str, Any]]] = {"tuning": [], "tuned": [], "tuned_pooled": []}
    if plan.tune is None:
        return none
    tuned = Tuned(plan, plan.tune, expected, data)
    if so_far and not tuned.can_choose:
        return none
    scores = tuned.scores()
    choices = tuned.chosen(scores)
    finished = tuned.finished(choices)
    if so_far:
        standing, _ = finished.so_far()
    else:
        *_, standing = finished.standings()
    design = standing.design
    ended = list(standing.found.values()) if not standing.going else []
    return {
        "tuning": choice_rows(plan.tune, scores, choices),
        "tuned": tuned_rows(standing, finished.plan, choices),
        "tuned_pooled": pooled(ended, alpha=design.alpha, margin=design.margin),
    }
