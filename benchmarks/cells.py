"""Kinds of simulated studies, and what is counted in one that the real code has judged."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from rftlab.analysis.race import Design, Standing
from rftlab.runfolder.study_plan import PlannedRace
from simulated import Panel, Population, Study, is_false, race

ALPHA, MARGIN, SEED = 0.05, 0.03, 41
LOOKS = (3, 4, 6, 8, 12)
DESIGNS = {
    "race": PlannedRace(LOOKS, 9),
    "race to 8": PlannedRace(LOOKS[:4], 9),  # the demo's
    "race, reference 12": PlannedRace(LOOKS, 12),
    **{f"{S} seeds": PlannedRace((S,), 9) for S in (3, 5, 8, 12)},
}
LEVELS = tuple(f"level/{i}" for i in range(10))
KINDS = {"different": ("higher", "lower"), "equivalent": ("equivalent",), "undecided": ("undecided",)}
Ratio = tuple[float, float]
"""What was counted in a study, and out of how many."""


@dataclass(frozen=True)
class Cell:
    """A kind of study: effects of its first levels out of ten, and what is unusual about it.

    ``noisy`` multiplies the seeds' spread of some arms, ``collapsing`` is the chance of some arms' runs to collapse.
    ``suites`` and ``budgets`` multiply the hypotheses; a level has its effect in distribution alone.
    """

    table: str
    name: str
    designs: tuple[str, ...]
    effects: tuple[float, ...] = ()
    noisy: tuple[tuple[str, float], ...] = ()
    collapsing: tuple[tuple[str, float], ...] = ()
    suites: int = 1
    budgets: int = 1
    population: Population = field(default_factory=Population)

    def study(self, number: int) -> Study:
        """One of its studies; the same number gives the same."""
        effects = dict.fromkeys(LEVELS, 0.0) | dict(zip(LEVELS, self.effects, strict=False))
        budgets = [("rounds", "rollouts")] if self.budgets == 1 else [("rounds",), ("rollouts",)]
        panels: dict[Panel, Mapping[str, float]] = {
            (suite, budget): effects if suite == "id" else dict.fromkeys(LEVELS, 0.0)
            for suite, budget in itertools.product(("id", "ood")[: self.suites], budgets)
        }
        rng = np.random.default_rng([SEED, zlib.crc32(f"{self.table}: {self.name}".encode()), number])
        return Study(rng, effects, self.population, dict(self.noisy), dict(self.collapsing), panels)


def measures(study: Study, end: Standing) -> dict[str, Ratio]:
    """What is counted in one study: false findings, decisions, runs, differences found by size, intervals that hold."""
    told = [(study.truth(end.found[key]), v, end.found[key].found) for key, v in end.verdicts.items()]
    false = [(v.verdict, is_false(v.verdict, truth, MARGIN)) for truth, v, _ in told]
    counted = {
        "false": (any(wrong for _, wrong in false), 1),
        "false difference": (any(wrong for verdict, wrong in false if verdict != "equivalent"), 1),
        "false equivalence": (any(wrong for verdict, wrong in false if verdict == "equivalent"), 1),
        "decided": (sum(v.decided for _, v, _ in told), len(told)),
        "runs": (sum(end.asked.values()), 1),
    }
    for size in sorted({round(abs(truth), 3) for truth, _, _ in told}):
        same = [v.verdict for truth, v, _ in told if round(abs(truth), 3) == size]
        counted[f"found {size:g}"] = (sum(verdict in ("higher", "lower") for verdict in same), len(same))
        counted[f"equivalent {size:g}"] = (same.count("equivalent"), len(same))
    for kind, names in KINDS.items():
        holds = [_holds(truth, found.interval(1 - ALPHA)) for truth, v, found in told if v.verdict in names]
        counted[f"covered {kind}"] = (sum(holds), len(holds))
    counted["covered"] = (sum(counted[f"covered {kind}"][0] for kind in KINDS), len(told))
    return {name: (float(part), float(of)) for name, (part, of) in counted.items()}


def _holds(truth: float, interval: tuple[float, float]) -> bool:
    return interval[0] <= truth <= interval[1]


def judged(work: tuple[Cell, int]) -> dict[str, dict[str, Ratio]]:
    """What each design says of one study of a cell."""
    cell, number = work
    study = cell.study(number)
    return {name: measures(study, race(study, Design(DESIGNS[name], ALPHA, MARGIN))) for name in cell.designs}


def summary(studies: Sequence[Mapping[str, Mapping[str, Ratio]]]) -> dict[str, dict[str, list[float]]]:
    """Ratio and standard error over studies, by design and measure: r = Σa/Σb, SE = √Σ(a − r·b)² / Σb."""
    found: dict[str, dict[str, list[float]]] = {}
    for design in studies[0]:
        names = dict.fromkeys(name for study in studies for name in study[design])
        for name in names:
            a, b = np.array([study[design].get(name, (0.0, 0.0)) for study in studies]).T
            if b.sum():
                ratio = a.sum() / b.sum()
                error = np.sqrt(np.square(a - ratio * b).sum()) / b.sum()
                found.setdefault(design, {})[name] = [float(ratio), float(error)]
    return found
