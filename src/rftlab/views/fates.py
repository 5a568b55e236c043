"""What became of queries: learned, forgotten, never solved, by variant, and how far seeds agree."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rftlab.views.answers import Arm, Bools, SetAnswers
from rftlab.views.cells import Cell, Table
from rftlab.views.results import SUITES, Results

FATES = {
    "learned": "wrong at the base model, right at the last checkpoint",
    "forgotten": "right at the base model, wrong at the last checkpoint",
    "kept": "right at both",
    "on the way only": "wrong at both, right at a checkpoint between them",
    "never solved": "wrong at the base model and at every checkpoint",
}


def fates(base_Q: Bools, correct_SQ: Bools, ever_SQ: Bools) -> dict[str, NDArray[np.float64]]:
    """Shares of queries by seed, shares_S, of every one of ``FATES``: they add up to 1.

    Args:
        base_Q: whether the base model's answer is right.
        correct_SQ: whether the last checkpoint's is.
        ever_SQ: whether that of any checkpoint is.
    """
    of = {
        "learned": ~base_Q & correct_SQ,
        "forgotten": base_Q & ~correct_SQ,
        "kept": base_Q & correct_SQ,
        "on the way only": ~base_Q & ~correct_SQ & ever_SQ,
        "never solved": ~base_Q & ~correct_SQ & ~ever_SQ,
    }
    return {name: of[name].mean(axis=1) for name in FATES}


def unanimous(correct_SQ: Bools) -> float:
    """Share of queries on which all seeds are right, or all wrong; NaN for one seed."""
    if len(correct_SQ) < 2:
        return float("nan")
    return float(np.mean(correct_SQ.all(axis=0) | ~correct_SQ.any(axis=0)))


def kappa(correct_SQ: Bools) -> float:
    """Agreement of seeds beyond chance, κ = (P − P_e) / (1 − P_e): 1 where they always agree, 0 as coins would.

    P is the chance that two seeds agree on a query, P_e = p² + (1 − p)² that of two coins with the same share p of
    right answers. NaN for one seed, and where all answers are right or all wrong.

    Source: Fleiss 1971, with seeds for raters and right and wrong for categories.
    """
    seeds = len(correct_SQ)
    right_Q = correct_SQ.sum(axis=0)
    p = correct_SQ.mean()
    by_chance = p**2 + (1 - p) ** 2
    if seeds < 2 or by_chance == 1:
        return float("nan")
    agreeing = (right_Q**2 + (seeds - right_Q) ** 2 - seeds) / (seeds * (seeds - 1))
    return float((agreeing.mean() - by_chance) / (1 - by_chance))


def tables(results: Results, answers: Sequence[SetAnswers]) -> dict[str, Table]:
    """What the report shows of a pair, by caption."""
    suites = [suite for suite in SUITES if any(one.suite == suite for one in answers)]
    found = {SUITES[suite].capitalize(): by_variant(results, answers, suite) for suite in suites}
    return found | {"By evaluation set, of all runs": by_set(answers)}


def by_variant(results: Results, answers: Sequence[SetAnswers], suite: str) -> Table:
    """A row a variant: what became of the queries of a suite, agreement of seeds, and answers in another form.

    Every set of the suite counts equally.
    """
    sets = [one for one in answers if one.suite == suite]
    rows = []
    for variant in results.variants:
        arms = [(one, one.arms[variant.name]) for one in sets if variant.name in one.arms]
        if not arms:
            continue
        shares = [fates(one.base_Q, arm.correct_SQ, arm.ever_SQ) for one, arm in arms]
        cells = [_share(np.mean([share[name] for share in shares], axis=0)) for name in FATES]
        agreeing = _mean([unanimous(arm.correct_SQ) for _, arm in arms])
        beyond = _mean([kappa(arm.correct_SQ) for _, arm in arms])
        another = np.mean([(arm.flexible_SQ & ~arm.strict_SQ).mean(axis=1) for _, arm in arms], axis=0)
        cells += [
            _number(agreeing, f"{agreeing:.0%}"),
            _number(beyond, f"{beyond:.2f}".replace("-", "−")),
            _share(np.mean([arm.strict_SQ.mean(axis=1) for _, arm in arms], axis=0)),
            _share(another),
        ]
        rows.append([Cell(variant.label, variant.label), *cells])
    return Table(["variant", *FATES, "seeds agree", "κ", "right in the strict form", "in another form only"], rows)


def by_set(answers: Sequence[SetAnswers]) -> Table:
    """A row a set: queries, right at the base model, and what no run ever solved or every run solves in the end."""
    rows = []
    for one in answers:
        arms: list[Arm] = list(one.arms.values())
        ever = np.any([arm.ever_SQ.any(axis=0) for arm in arms], axis=0) | one.base_Q
        always = np.all([arm.correct_SQ.all(axis=0) for arm in arms], axis=0)
        rows.append([
            Cell(one.name, one.name),
            Cell(f"{len(one.queries):,}", len(one.queries)),
            *(_number(float(share.mean()), f"{share.mean():.0%}") for share in (one.base_Q, ~ever, always)),
        ])  # fmt: skip
    columns = ["right at the base model", "never solved, by no run", "right at the end of every run"]
    return Table(["evaluation set", "queries", *columns], rows)


def _mean(values: Sequence[float]) -> float:
    defined = [value for value in values if value == value]
    return float(np.mean(defined)) if defined else float("nan")


def _number(value: float, text: str) -> Cell:
    return Cell(text, value) if value == value else Cell("–")


def _share(shares_S: NDArray[np.float64]) -> Cell:
    """Mean over seeds, and the range below it."""
    spread = f"{shares_S.min():.0%} to {shares_S.max():.0%}" if len(shares_S) > 1 else ""
    return Cell(f"{shares_S.mean():.1%}", float(shares_S.mean()), spread)
