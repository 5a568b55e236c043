"""Studies that nobody trained, drawn from a model of what real ones look like: values of every arm, effects known.

A run's value on a query is the share of its checkpoints at which it answers correctly: each answer is a coin whose
logit is the query's difficulty + the arm's effect + a query × arm deviation + the run's own deviation + a run × query
one. With 660 queries, three seeds of an arm and nine of its reference, a difference has a standard error of about 0.9
points, as in the demo's tasks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rftlab.analysis.estimator import Arm, Difference, SeedVariance, difference, moderated, prior
from rftlab.analysis.primary import Comparison
from rftlab.analysis.race import Design, Standing, standings
from rftlab.runfolder.study_plan import BASELINE, Pair, PlannedVariant

Floats = NDArray[np.float64]
PAIR = Pair("tiny", "sums")


@dataclass(frozen=True)
class Population:
    """Spreads, in logits: of queries, of arms per query, of seeds, of seeds per query."""

    queries: int = 660
    checkpoints: int = 4
    difficulty: float = 2.0
    arm_query: float = 0.12
    seed: float = 0.09
    seed_query: float = 0.7


class Study:
    """Arms whose seeds can be drawn one after another, of the baseline and of its levels.

    ``effects`` are in points of accuracy as a fraction, converted at a success rate of one half to logits and corrected
    for the spread; ``noisy`` multiplies the seeds' spread of an arm.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        effects: Mapping[str, float],
        population: Population | None = None,
        noisy: Mapping[str, float] | None = None,
    ) -> None:
        self.rng, self.population, self.noisy = rng, population or Population(), noisy or {}
        of = self.population
        self.difficulty_Q = rng.normal(0, of.difficulty, of.queries)
        spread = np.hypot(np.hypot(of.difficulty, of.arm_query), np.hypot(of.seed, of.seed_query))
        slope = 0.25 / np.sqrt(1 + 0.35 * spread**2)  # of accuracy by logit, averaged over queries: probit-like
        self.shift = {BASELINE: 0.0, **{name: effect / slope for name, effect in effects.items()}}
        self.arm_Q = {name: rng.normal(0, of.arm_query, of.queries) for name in self.shift}
        self.values: dict[str, list[Floats]] = {name: [] for name in self.shift}
        self.variants = [PlannedVariant(BASELINE, None, None, None, {})]
        self.variants += [PlannedVariant(name, "level", name, BASELINE, {}) for name in effects]
        self.levels = self.variants[1:]

    def arm(self, name: str, seeds: int) -> Arm:
        """An arm with that many of its seeds; those drawn before are among them."""
        of, rng = self.population, self.rng
        while len(self.values[name]) < seeds:
            own = rng.normal(0, of.seed * self.noisy.get(name, 1.0)) + rng.normal(0, of.seed_query, of.queries)
            logit_Q = self.difficulty_Q + self.shift[name] + self.arm_Q[name] + own
            self.values[name].append(
                (rng.random((of.checkpoints, of.queries)) < 1 / (1 + np.exp(-logit_Q))).mean(axis=0)
            )
        return Arm.of(self.values[name][:seeds])

    def compare(self, pair: Pair, seeds: Mapping[str, int]) -> list[Comparison]:
        """Every level against its reference, with so many seeds of each."""
        arms = {name: self.arm(name, count) for name, count in seeds.items()}
        common = prior([*arms.values()])
        moderate = {name: moderated(arm, common) for name, arm in arms.items()}
        return [
            Comparison(pair, level, "id", "greedy_auc", ("rounds", "rollouts"), found, False, False)
            for level in self.levels
            for ours, theirs in [(level.name, str(level.relative_to))]
            for found in [difference(arms[ours], arms[theirs], moderate[ours], moderate[theirs])]
        ]


def known(estimate: float, se: float, df: float, seeds: tuple[int, int] = (3, 9), queries: int = 660) -> Difference:
    """A difference with that standard error, all of it between seeds, half of it in each arm."""
    between = tuple(SeedVariance(S * se**2 / 2, df / 2) for S in seeds)
    return Difference(estimate, se, df, seeds, queries, (between[0], between[1]), 0.0)


def race(study: Study, design: Design) -> Standing:
    """Where a race of the study ends."""
    *_, last = standings([PAIR], study.variants, design, study.compare)
    return last
