"""Studies that nobody trained, drawn from a model of what real ones look like: values of every arm, effects known.

A run's value on a query is the share of its checkpoints at which it answers correctly: each answer is a coin whose
logit is the query's difficulty + the arm's effect + a query × arm deviation + the run's own deviation + a run × query
one. With 660 queries, three seeds of an arm and nine of its reference, a difference has a standard error of about 0.9
points, as in the demo's tasks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rftlab.analysis.decisions import Looks, Verdict, decide
from rftlab.analysis.estimator import Arm, Difference, difference, moderated, prior

Floats = NDArray[np.float64]


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
    """Arms whose seeds can be drawn one after another; the reference is ``reference``.

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
        self.shift = {"reference": 0.0, **{name: effect / slope for name, effect in effects.items()}}
        self.arm_Q = {name: rng.normal(0, of.arm_query, of.queries) for name in self.shift}
        self.values: dict[str, list[Floats]] = {name: [] for name in self.shift}

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

    def look(self, names: Sequence[str], seeds: int, reference_seeds: int) -> dict[str, Difference]:
        """Differences of some levels to the reference."""
        arms = [self.arm("reference", reference_seeds), *(self.arm(name, seeds) for name in names)]
        common = prior(arms)
        return {
            name: difference(arm, arms[0], moderated(arm, common), moderated(arms[0], common))
            for name, arm in zip(names, arms[1:], strict=True)
        }


def race(study: Study, looks: Looks, reference_seeds: int) -> tuple[dict[str, Verdict], int]:
    """Verdicts of a race, and the runs that it took."""
    names = [name for name in study.shift if name != "reference"]
    estimates: list[dict[str, Difference]] = []
    verdicts: dict[str, Verdict] = {}
    runs = reference_seeds
    before = 0
    for seeds in looks.seeds:
        open_ = [name for name in names if not (name in verdicts and verdicts[name].decided)]
        if not open_:
            break
        runs += (seeds - before) * len(open_) + max(0, seeds - max(reference_seeds, before))
        estimates.append(study.look(open_, seeds, max(reference_seeds, seeds)))
        verdicts = decide(estimates, looks, len(names))
        before = seeds
    return verdicts, runs
