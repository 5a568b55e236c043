"""Studies that nobody trained, drawn from a model of what real ones look like: values of every arm, effects known.

A run's value on a query is the share of its checkpoints at which it answers correctly: each answer is a coin whose
logit is the query's difficulty + the arm's effect on it + the run's own deviation + a run × query one. Spreads are
those of the demo's tasks: docs/evidence.md compares them.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from rftlab.analysis.estimator import Arm, Difference, SeedVariance, difference, moderated, prior
from rftlab.analysis.primary import Comparison
from rftlab.analysis.race import Design, Standing, standings
from rftlab.runfolder.study_plan import BASELINE, Pair, PlannedVariant

Floats = NDArray[np.float64]
PAIR = Pair("tiny", "sums")
Panel = tuple[str, tuple[str, ...]]
"""A suite, and the budgets at which its comparisons are the same."""
ALONE: Panel = ("id", ("rounds", "rollouts"))


@dataclass(frozen=True)
class Population:
    """Spreads, in logits: of queries, of arms per query, of seeds, of seeds per query.

    ``mean`` is the queries' mean logit. ``effect_query`` is the spread of an effect over queries, in sizes of its mean:
    what moves accuracy moves some queries up and some down. ``shared`` is the correlation of two arms' runs with one
    seed, ``panels`` that of one run's deviations in two panels. A run that collapses answers nothing in the second half
    of its checkpoints.
    """

    queries: int = 660
    checkpoints: int = 4
    mean: float = 0.0
    difficulty: float = 3.0
    arm_query: float = 0.12
    effect_query: float = 1.5
    seed: float = 0.09
    seed_query: float = 0.3
    shared: float = 0.0
    panels: float = 0.5

    @functools.cached_property
    def accuracy(self) -> float:
        """Expected accuracy of an arm without an effect."""
        return self.expected(0.0, 1.0)

    def expected(self, shift: float, noisy: float) -> float:
        """Expected accuracy of an arm that is so many logits better, and whose seeds spread ``noisy`` times as far."""
        nodes, weights = np.polynomial.hermite_e.hermegauss(64)
        spreads = (self.difficulty, self.arm_query, self.effect_query * shift, self.seed * noisy, self.seed_query)
        logits = self.mean + shift + nodes * np.linalg.norm(spreads)
        return float(weights @ (1 / (1 + np.exp(-logits))) / weights.sum())

    def shift(self, effect: float, noisy: float) -> float:
        """Logits that make the expected accuracy of an arm that of one without an effect + ``effect``, a fraction."""
        return _shift(self, effect, noisy)


@functools.cache
def _shift(of: Population, effect: float, noisy: float) -> float:
    wanted = of.accuracy + effect
    return float(optimize.brentq(lambda shift: of.expected(shift, noisy) - wanted, -2.0, 2.0, xtol=1e-9))


class Study:
    """Arms whose seeds can be drawn one after another, of the baseline and of its levels.

    Every arm has random numbers of its own, so that a study has the same runs whatever its design asks for.

    Args:
        rng: draws the study.
        effects: of each level, in points of accuracy as a fraction.
        population: the spreads.
        noisy: multiplies the seeds' spread of an arm.
        collapsing: chance of an arm's run to collapse.
        panels: effects of the levels in each panel, where there are several.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        effects: Mapping[str, float],
        population: Population | None = None,
        noisy: Mapping[str, float] | None = None,
        collapsing: Mapping[str, float] | None = None,
        panels: Mapping[Panel, Mapping[str, float]] | None = None,
    ) -> None:
        self.population, self.noisy, self.collapsing = population or Population(), noisy or {}, collapsing or {}
        self.effects: Mapping[Panel, Mapping[str, float]] = {ALONE: effects} if panels is None else panels
        names = [BASELINE, *effects]
        *of_arm, self._shared_rng, of_queries = rng.spawn(len(names) + 2)
        self._rng = dict(zip(names, of_arm, strict=True))
        of = self.population
        self._logits: dict[tuple[str, Panel], Floats] = {}
        for panel, of_panel in self.effects.items():
            difficulty_Q = of_queries.normal(of.mean, of.difficulty, of.queries)
            for name in names:
                shift = of.shift(of_panel.get(name, 0.0), self.noisy.get(name, 1.0))
                own_Q = self._rng[name].normal(shift, np.hypot(of.arm_query, of.effect_query * shift), of.queries)
                self._logits[name, panel] = difficulty_Q + own_Q
        self._values: dict[tuple[str, Panel], list[Floats]] = {key: [] for key in self._logits}
        self._common: list[Floats] = []
        self.collapsed: dict[str, list[bool]] = {name: [] for name in names}
        self.variants = [PlannedVariant(BASELINE, None, None, None, {})]
        self.variants += [PlannedVariant(name, "level", name, BASELINE, {}) for name in effects]
        self.levels = self.variants[1:]

    def arm(self, name: str, seeds: int, panel: Panel = ALONE) -> Arm:
        """An arm with that many of its seeds; those drawn before are among them."""
        while len(self.collapsed[name]) < seeds:
            self._draw(name)
        return Arm.of(self._values[name, panel][:seeds])

    def _draw(self, name: str) -> None:
        """One more run."""
        of, rng, number = self.population, self._rng[name], len(self.collapsed[name])
        while of.shared and len(self._common) <= number:
            self._common.append(self._shared_rng.normal(size=(len(self.effects), 1 + of.queries)))
        self.collapsed[name].append(bool(rng.random() < self.collapsing.get(name, 0.0)))
        answered = of.checkpoints // 2 if self.collapsed[name][-1] else of.checkpoints
        of_run, spread = rng.normal(), of.seed * self.noisy.get(name, 1.0)
        for i, panel in enumerate(self.effects):
            noise = rng.normal(size=1 + of.queries)  # of the seed, and of the seed on each query
            noise[0] = np.sqrt(of.panels) * of_run + np.sqrt(1 - of.panels) * noise[0]
            if of.shared:
                noise = np.sqrt(of.shared) * self._common[number][i] + np.sqrt(1 - of.shared) * noise
            logit_Q = self._logits[name, panel] + spread * noise[0] + of.seed_query * noise[1:]
            self._values[name, panel].append(rng.binomial(answered, 1 / (1 + np.exp(-logit_Q))) / of.checkpoints)

    def truth(self, one: Comparison) -> float:
        """The difference that a comparison estimates, collapses included, to the last digit but three."""
        variant, accuracy = one.variant, self.population.accuracy
        ours, theirs = (1 - self.collapsing.get(str(name), 0.0) / 2 for name in (variant.name, variant.relative_to))
        return round((accuracy + self.effects[one.suite, one.budgets][variant.name]) * ours - accuracy * theirs, 12)

    def compare(self, pair: Pair, seeds: Mapping[str, int]) -> list[Comparison]:
        """Every level against its reference, with so many seeds of each."""
        found = []
        for panel in self.effects:
            arms = {name: self.arm(name, count, panel) for name, count in seeds.items()}
            common = prior([*arms.values()])
            moderate = {name: moderated(arm, common) for name, arm in arms.items()}
            lost = {name for name, count in seeds.items() if any(self.collapsed[name][:count])}
            for level in self.levels:
                ours, theirs = level.name, str(level.relative_to)
                estimate = difference(arms[ours], arms[theirs], moderate[ours], moderate[theirs])
                unsettled = not lost.isdisjoint({ours, theirs})
                found.append(Comparison(pair, level, panel[0], "greedy_auc", panel[1], estimate, False, unsettled))
        return found


def known(estimate: float, se: float, df: float, seeds: tuple[int, int] = (3, 9), queries: int = 660) -> Difference:
    """A difference with that standard error, all of it between seeds, half of it in each arm."""
    between = tuple(SeedVariance(S * se**2 / 2, df / 2) for S in seeds)
    return Difference(estimate, se, df, seeds, queries, (between[0], between[1]), 0.0)


def race(study: Study, design: Design) -> Standing:
    """Where a race of the study ends."""
    *_, last = standings([PAIR], study.variants, design, study.compare)
    return last


def is_false(verdict: str, truth: float, margin: float) -> bool:
    """Whether a verdict says what is not so: a difference that is none or the other way, an equivalence of unlikes."""
    if verdict == "equivalent":
        return abs(truth) >= margin
    return {"higher": 1.0, "lower": -1.0}.get(verdict, 0.0) * truth <= 0 and verdict in ("higher", "lower")
