"""Comparisons, a level and its reference, in the order in which people look at them: those with a finding first."""

from __future__ import annotations

import math
from dataclasses import dataclass

from rftlab.runfolder.study_plan import Pair, PlannedVariant
from rftlab.views.results import Results

GROUPS = ("Higher or lower", "Equivalent", "Undecided", "Not judged", "A/A: the baseline again", "Controls")


@dataclass(frozen=True)
class Comparison:
    """A level, what it is relative to, and which of ``GROUPS`` it is in."""

    level: PlannedVariant
    reference: PlannedVariant
    group: str

    @property
    def label(self) -> str:
        """In words."""
        return f"{self.level.label} vs {self.reference.label}"

    @property
    def found(self) -> bool:
        """Whether a difference was found."""
        return self.group == GROUPS[0]


def comparisons(results: Results, pair: Pair) -> list[Comparison]:
    """Every level of a pair against its reference, by group, and in a group by the size of its effect.

    A level is in the group of the most that is said of it, whether in or out of distribution, at equal rounds or equal
    rollouts; its effect is the largest of those.
    """
    judged = results.judged(pair)
    by_name = {variant.name: variant for variant in results.variants}
    ranked = []
    for level in results.levels:
        rows = judged[judged["variant"] == level.name]
        size = float((100 * rows["estimate"].astype(float)).abs().max()) if len(rows) else math.nan
        comparison = Comparison(level, by_name[str(level.relative_to)], _group(level, set(rows["verdict"])))
        ranked.append((GROUPS.index(comparison.group), -size if size == size else 0.0, comparison))
    return [comparison for *_, comparison in sorted(ranked, key=lambda entry: entry[:2])]


def _group(level: PlannedVariant, verdicts: set[str]) -> str:
    if level.noise_floor:
        return GROUPS[4]
    if level.control:
        return GROUPS[5]
    if verdicts & {"higher", "lower"}:
        return GROUPS[0]
    if "equivalent" in verdicts:
        return GROUPS[1]
    return GROUPS[2] if "undecided" in verdicts else GROUPS[3]
