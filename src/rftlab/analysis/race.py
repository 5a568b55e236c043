"""The race of a study: which levels get further seeds after a look at the results, and what is said of each.

A level goes on while a comparison of it is undecided and has a chance of being decided at all. What goes on gets the
seeds of the next look, and so does what it is compared with. A study with fixed seeds is a race with one look.

Everything here is a function of results alone, in the order of the plan: an interrupted race goes on as if it had not
been, and a repeated one decides the same. Stopping without a verdict spends no error, so it need not be corrected for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from rftlab.analysis.decisions import Looks, Verdict, decide
from rftlab.analysis.estimator import METHOD
from rftlab.analysis.primary import Comparison
from rftlab.runfolder.study_plan import LEAST_SEEDS, Pair, PlannedRace, PlannedVariant

VERDICTS = {
    **dict.fromkeys(("model", "dataset", "factor", "level", "relative_to", "suite", "metric", "budget"), "string"),
    **dict.fromkeys(("estimate", "low", "high", "p", "p_equivalent", "test_level", "detectable", "df"), "float64"),
    **{"verdict": "string", "n_seeds": "int64", "n_seeds_reference": "int64", "look": "int64", "chance": "float64"},
    **{"inert": "bool", "unsettled": "bool"},
    "method": "string",
}
LEAST_CHANCE = 0.1  # of ever being decided; with less a level gets no further seeds
Arms = tuple[Pair | None, str]
Seeds = Mapping[Arms, int]
Compare = Callable[[Pair, Mapping[str, int]], Sequence[Comparison]]
"""Comparisons of a pair's levels, each variant with so many of its first seeds."""


@dataclass(frozen=True)
class Design:
    """When a study looks, the chance of any false finding that it may have, and the margin of its equivalence test."""

    race: PlannedRace
    alpha: float
    margin: float


@dataclass(frozen=True)
class Standing:
    """What a study says after some looks.

    ``found`` holds each comparison at the look that decided it or else at the last one it took part in; ``chances`` of
    undecided ones are those of being decided by the last look, ``asked`` the seeds that the looks so far have used.
    """

    design: Design
    looks: int
    found: Mapping[str, Comparison]
    verdicts: Mapping[str, Verdict]
    chances: Mapping[str, float]
    asked: Seeds
    going: frozenset[Arms]

    def seeds(self, pair: Pair) -> dict[str, int]:
        """Seeds of each variant of a pair that the looks so far have used."""
        return _of_pair(self.asked, pair)

    @property
    def next(self) -> dict[Arms, int]:
        """Seeds that the next look asks for, of what has fewer; nothing when the race has ended."""
        return {} if not self.going else _more(self.asked, self.going, self.found.values(), self.design, self.looks)


def first(pairs: Sequence[Pair], variants: Sequence[PlannedVariant], design: Design) -> dict[Arms, int]:
    """Seeds that the first look asks for."""
    return {(pair, variant.name): design.race.seeds(variant.name, 0) for pair in pairs for variant in variants}


def standings(
    pairs: Sequence[Pair],
    variants: Sequence[PlannedVariant],
    design: Design,
    compare: Compare,
    ready: Callable[[Seeds], bool] = lambda _: True,
) -> Iterator[Standing]:
    """What a study says after each look, until no level goes on or a look is not ``ready``, for want of runs.

    ``compare`` is asked when a look is taken.
    """
    asked = first(pairs, variants, design)
    seen: list[dict[str, Comparison]] = []
    going = frozenset(asked)
    found: dict[str, Comparison] = {}
    chances: dict[str, float] = {}
    while going and ready(asked):
        taking_part = {pair for pair, _ in going}
        here = {
            one.key: one
            for pair in pairs
            if pair in taking_part
            for one in compare(pair, _of_pair(asked, pair))
            if (pair, one.variant.name) in going
        }
        seen.append(here)
        said, now = _judged(seen, design)
        chances = {key: chance for key, chance in chances.items() if key not in here} | now
        found |= {key: one for key, one in here.items() if key not in said or said[key].look == len(seen) - 1}
        going = frozenset(here[key].arm for key, chance in now.items() if chance >= LEAST_CHANCE)
        standing = Standing(design, len(seen), dict(found), said, chances, asked, going)
        yield standing
        asked = {**asked, **standing.next}


def _of_pair(asked: Seeds, pair: Pair) -> dict[str, int]:
    return {name: count for (of, name), count in asked.items() if of == pair}


def _more(
    asked: Seeds, going: frozenset[Arms], found: Iterable[Comparison], design: Design, look: int
) -> dict[Arms, int]:
    """Seeds, at a look counted from 0, of levels that go on and of their references."""
    references = {(one.pair, str(one.variant.relative_to)) for one in found if one.arm in going}
    wanted = {(pair, name): design.race.seeds(name, look) for pair, name in going | references}
    return {arm: seeds for arm, seeds in wanted.items() if seeds > asked[arm]}


def _judged(seen: Sequence[Mapping[str, Comparison]], design: Design) -> tuple[dict[str, Verdict], dict[str, float]]:
    """Verdicts of all hypotheses, levels and controls each a family, and the chances of those open after the last look.

    Where a run is lost at a later look, what was called equivalent is withdrawn.
    """
    said: dict[str, Verdict] = {}
    chances: dict[str, float] = {}
    looks = Looks(design.race.looks, design.alpha, design.margin)
    for control in (False, True):
        family = [{k: one for k, one in look.items() if one.tested and one.variant.control == control} for look in seen]
        if not family[0]:
            continue
        never = {key for look in family for key, one in look.items() if one.unsettled}
        of_family = decide([{k: one.found for k, one in look.items()} for look in family], looks, None, never)
        said |= of_family
        equivalent = sum(v.verdict == "equivalent" for v in of_family.values())
        different = sum(v.decided for v in of_family.values()) - equivalent
        tests = {False: len(family[0]) - different, True: 1 + different}
        chances |= {
            key: _chance(one, looks, design, tests, key in never)
            for key, one in family[-1].items()
            if len(seen) < len(design.race.looks) and not of_family[key].decided
        }
    return said, chances


def _chance(one: Comparison, looks: Looks, design: Design, tests: Mapping[bool, int], never: bool) -> float:
    """Chance that a level, undecided now, is decided at the last look.

    By then its estimate has moved by chance as far as its standard error shrinks: θ̂_K | θ̂_k ~ θ̂_k + t·√(V_k − V_K).
    Equivalence is reckoned at the level it has once all others that may be equivalent are: levels that all are close
    calls today free their shares for one another.

    Source: predictive power of a trial, Spiegelhalter, Freedman & Blackburn 1986, with a flat prior.
    """
    now, last = one.found, len(design.race.looks) - 1
    then = now.with_seeds(
        design.race.seeds(one.variant.name, last), design.race.seeds(str(one.variant.relative_to), last)
    )
    if np.isnan(then.se):
        return 0.0
    spread = max(np.sqrt(max(0.0, now.se**2 - then.se**2)), np.finfo(float).tiny)

    def within(bound: float) -> float:
        ends = np.array([-bound, bound])
        return float(np.diff(stats.t.cdf((ends - now.estimate) / spread, now.df))[0])

    room = design.margin - then.half_width(looks.level(last, tests[True]))
    equivalent = within(room) if room > 0 and not never else 0.0
    return equivalent + 1 - within(max(room, then.half_width(looks.level(last, tests[False]))))


def at_once(found: Sequence[Comparison], *, alpha: float, margin: float) -> list[dict[str, Any]]:
    """Rows of comparisons that are judged together, once: without any look before."""
    if not found:
        return []
    here = {one.key: one for one in found}
    design = Design(PlannedRace((max(1, min(min(one.found.seeds) for one in found)),), 1), alpha, margin)
    said, _ = _judged([here], design)
    return rows(Standing(design, 1, here, said, {}, {}, frozenset()))


def rows(standing: Standing) -> list[dict[str, Any]]:
    """Rows of the table ``verdicts``: every comparison at every budget, ``running`` while its level goes on."""
    return [row for key, one in standing.found.items() for row in _rows(one, key, standing)]


def _rows(one: Comparison, key: str, standing: Standing) -> list[dict[str, Any]]:
    design, judged = standing.design, standing.verdicts.get(key)
    low, high = one.found.interval(1 - design.alpha)
    if judged is not None:
        verdict = "running" if one.arm in standing.going and not judged.decided else judged.verdict
    elif not standing.looks:
        verdict = "running"
    elif min(one.found.seeds) < LEAST_SEEDS:
        verdict = "too few seeds"
    else:
        verdict = "equivalent" if one.inert else "no hypothesis"
    nan = float("nan")
    row = {
        **(one.pair._asdict() if one.pair else {}),
        "factor": one.variant.factor,
        "level": one.variant.level,
        "relative_to": one.variant.relative_to,
        "suite": one.suite,
        "metric": one.metric,
        "estimate": one.found.estimate,
        "low": low,
        "high": high,
        "p": one.found.p(),
        "p_equivalent": one.found.p_equivalent(design.margin),
        "test_level": judged.level if judged else nan,
        "df": one.found.df,
        "n_seeds": one.found.seeds[0],
        "n_seeds_reference": one.found.seeds[1],
        "detectable": one.found.detectable(judged.level) if judged else nan,
        "look": judged.look + 1 if judged else 1,
        "chance": standing.chances.get(key, nan),
        "verdict": verdict,
        "inert": one.inert,
        "unsettled": one.unsettled,
        "method": METHOD,
    }
    return [row | {"budget": budget} for budget in one.budgets]
