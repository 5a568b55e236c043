"""Effects in a factorial design: what a level does on average over the others, and whether two depend on one another.

A cell is a combination of levels of the crossed factors, the baseline's value of a factor among them; its runs are an
arm. With ȳ(c) the mean of a cell at the primary endpoint and c running over all values of the other crossed factors:

main effect of a level l
    mean over c of ȳ(l, c) − ȳ(c).
interaction of levels l and m of two factors
    mean over c of ½·[(ȳ(l, m, c) − ȳ(m, c)) − (ȳ(l, c) − ȳ(c))]: half of what l does more where m is there than where
    it is not, between −1 and 1 like all else.

Each is a :func:`rftlab.analysis.estimator.contrast`: all cells answer the same queries. All effects of a study are
judged together, apart from its comparisons of single levels. Nothing is called equivalent where a cell lost a run.

Source: Fisher 1935; Box, Hunter & Hunter 2005, chapter 5.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rftlab.analysis.estimator import Term, contrast, moderated, prior
from rftlab.analysis.marginal_gains import Runs
from rftlab.analysis.primary import Comparison, arm_of, end_of, reported_sets, rollouts_per_round
from rftlab.analysis.race import VERDICTS, at_once
from rftlab.runfolder.study_plan import BASELINE, CROSS, Pair, PlannedPrimary, PlannedVariant

EFFECTS = {**VERDICTS, "kind": "string"}
Cell = frozenset[str]  # names of the levels that come together; none in the baseline
Weights = dict[Cell, float]


def effects(
    runs: Runs,
    variants: Sequence[PlannedVariant],
    splits: Mapping[str, str],
    primary: PlannedPrimary,
    collapsed: Sequence[tuple[str, int]],
    pair: Pair,
) -> list[Comparison]:
    """Main effects and two-way interactions of the crossed factors, for the runs of one model and dataset.

    Arguments are those of :func:`rftlab.analysis.primary.comparisons`; a study that crosses no factors has none.
    """
    by_factor = crossed_levels(variants)
    if not by_factor:
        return []
    names = {level for some in by_factor.values() for level in some}
    cells: dict[Cell, str] = {frozenset(): BASELINE}
    cells |= {frozenset({v.name}): v.name for v in variants if v.name in names}
    cells |= {frozenset(v.crossed): v.name for v in variants if v.crossed}
    of = {cell: [run for (name, _), run in sorted(runs.items()) if name == own] for cell, own in cells.items()}
    every = [run for some in of.values() for run in some]
    unsettled = not {name for name, _ in collapsed}.isdisjoint(cells.values()) or not all(r.finished for r in every)
    same = len(set().union(*map(rollouts_per_round, every))) == 1
    found = []
    for suite, budgets in itertools.product(("id", "ood"), primary.hypotheses(same)):
        end = end_of(every, budgets[0])
        arms = {cell: arm_of(some, suite, splits, primary.metric, budgets[0], end) for cell, some in of.items()}
        there = {cell: arm for cell, arm in arms.items() if arm is not None}
        if len(there) < len(arms):
            continue
        common = prior(list(there.values()))
        queries = tuple((name, every[0].sets[name].queries) for name in reported_sets(every[0], suite, splits))
        for effect, weights in _effects(by_factor):
            terms = tuple(Term(w, there[c], moderated(there[c], common), queries) for c, w in weights.items())
            estimate = contrast(terms)
            found.append(Comparison(pair, effect, suite, primary.metric, budgets, estimate, False, unsettled, terms))
    return found


def effect_rows(found: Sequence[Comparison], *, alpha: float, margin: float) -> list[dict[str, Any]]:
    """Rows of the table ``effects``: those of ``verdicts``, with the kind of effect."""
    rows = at_once(found, alpha=alpha, margin=margin)
    return [row | {"kind": "interaction" if CROSS in row["factor"] else "main effect"} for row in rows]


def crossed_levels(variants: Sequence[PlannedVariant]) -> dict[str, list[str]]:
    """Names of the levels of every crossed factor."""
    by_factor: dict[str, list[str]] = {}
    for name in dict.fromkeys(name for variant in variants for name in variant.crossed):
        by_factor.setdefault(name.split("/")[0], []).append(name)
    return by_factor


def _effects(by_factor: Mapping[str, Sequence[str]]) -> Iterator[tuple[PlannedVariant, Weights]]:
    """Every effect, as a variant that is called like what it is the effect of, and the weights of its cells."""
    for factor, levels in by_factor.items():
        for level in levels:
            others = list(_values(by_factor, {factor}))
            yield (
                _named([level], BASELINE),
                {cell: sign / len(others) for c in others for cell, sign in ((c | {level}, 1), (c, -1))},
            )
    for one, other in itertools.combinations(by_factor, 2):
        for level, another in itertools.product(by_factor[one], by_factor[other]):
            others = list(_values(by_factor, {one, other}))
            both, neither = frozenset({level, another}), frozenset[str]()
            signs = [(both, 1), (both - {level}, -1), (both - {another}, -1), (neither, 1)]
            yield (
                _named([level, another], None),
                {c | cell: sign / (2 * len(others)) for c in others for cell, sign in signs},
            )


def _values(by_factor: Mapping[str, Sequence[str]], but: set[str]) -> Iterator[Cell]:
    """All combinations of values of the factors but some, the baseline's value being none."""
    choices = [[None, *levels] for factor, levels in by_factor.items() if factor not in but]
    for choice in itertools.product(*choices):
        yield frozenset(level for level in choice if level is not None)


def _named(levels: Sequence[str], relative_to: str | None) -> PlannedVariant:
    factor, level = (CROSS.join(parts) for parts in zip(*(name.split("/") for name in levels), strict=True))
    return PlannedVariant(f"{factor}/{level}", factor, level, relative_to, {})
