"""Verdicts: what a study may say of its levels after a look, with one bound on the error of all it says.

Differences and equivalences are two families of tests, each stepped down by Holm: a difference that is found frees its
share of the error for the other differences, and none of it for equivalences, which would raise the error of the whole.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rftlab.analysis.boundaries import nominal_levels
from rftlab.analysis.estimator import Difference
from rftlab.runfolder.study_plan import DECIDED


@dataclass(frozen=True)
class Looks:
    """When a study looks, in seeds of a level, the error that it may make, and the margin of its equivalence test."""

    seeds: tuple[int, ...]
    alpha: float
    margin: float

    def level(self, look: int, tests: int) -> float:
        """Two-sided level of one of ``tests`` tests that are still open, at a look counted from 0."""
        return nominal_levels(self.seeds, self.alpha / tests)[look]


@dataclass(frozen=True)
class Verdict:
    """What is said of a level, at which look, and at which level of error; an open one's is that of its last test."""

    verdict: str
    look: int
    level: float

    @property
    def decided(self) -> bool:
        """Whether it stands."""
        return self.verdict in DECIDED


def decide(
    estimates: Sequence[Mapping[str, Difference]],
    looks: Looks,
    tests: int | None = None,
    never_equivalent: Collection[str] = (),
) -> dict[str, Verdict]:
    """Verdicts after some looks, by name.

    Args:
        estimates: of every look so far, name → difference; a level that was decided need not occur any more.
        looks: when the study looks.
        tests: hypotheses of the study, by default those of its first look.
        never_equivalent: names that no test of equivalence may be made of.

    Returns:
        A verdict for every name. What was decided at one look stands, whatever later looks would say.

    Raises:
        ValueError: more looks than were planned, or more hypotheses than tests.

    Source: Holm 1979 in each family; Glimm, Maurer & Bretz 2010 for step-down tests with group-sequential levels.
    """
    names = [*dict.fromkeys(name for look in estimates for name in look)]
    tests = len(names) if tests is None else tests
    if len(estimates) > len(looks.seeds) or len(names) > tests:
        raise ValueError(f"{len(estimates)} looks at {len(names)} levels, {len(looks.seeds)} and {tests} were planned")
    different: dict[str, Verdict] = {}
    equivalent: dict[str, Verdict] = {}
    for look, found in enumerate(estimates):
        p = {name: d.p() for name, d in found.items() if name not in different | equivalent}
        for name, level in _step_down(p, looks, look, tests - len(different)):
            different[name] = Verdict("higher" if found[name].estimate > 0 else "lower", look, level)
        p = {
            name: 1.0 if name in never_equivalent else found[name].p_equivalent(looks.margin)
            for name in p
            if name not in different
        }
        for name, level in _step_down(p, looks, look, tests - len(equivalent)):
            equivalent[name] = Verdict("equivalent", look, level)
    still = max(1, tests - len(different))
    last = {name: look for look, found in enumerate(estimates) for name in found}
    open_ = {name: Verdict("undecided", look, looks.level(look, still)) for name, look in last.items()}
    return {name: different.get(name) or equivalent.get(name) or open_[name] for name in names}


def _step_down(p: Mapping[str, float], looks: Looks, look: int, tests: int) -> Iterator[tuple[str, float]]:
    """Names whose p-values are below their levels, smallest first, each freeing its share for the next; no NaN is."""
    for found, name in enumerate(sorted(p, key=lambda name: (math.isnan(p[name]), p[name]))):
        level = looks.level(look, tests - found)
        if not p[name] < level:
            return
        yield name, level
