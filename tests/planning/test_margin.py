"""The margin that a design resolves: by hand for one, monotone in what is spent, and refused where nothing can."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from rftlab.errors import BadInputError
from rftlab.planning.margin import (
    QUERY_SD,
    SEED_SD,
    hypotheses,
    refuse_unresolvable,
    resolvable,
    resolved_margin,
    rounded_up,
    suite_queries,
)
from rftlab.planning.plan import Plan
from rftlab.study.read import read_study
from studies import changed


def plan(queries: int = 300, seeds: Any = (0, 1, 2), margin: float | None = None, budget: str = "both") -> Plan:
    sizes = {"train": 20, "validation": 10, "test": queries}
    report = {"primary": {"budget": budget}} | ({} if margin is None else {"equivalence_margin": margin})
    return Plan(
        read_study(
            changed(
                ("datasets/chains/sizes", sizes),
                ("evaluation_sets/longer/sizes", {"test": queries}),
                ("seeds", seeds if isinstance(seeds, dict) else list(seeds)),
                ("report", report),
            ),
            [],
        )
    )


def test_the_margin_by_hand() -> None:
    planned = plan()
    assert set(map(tuple, suite_queries(planned).values())) == {(300,)}
    m = hypotheses(planned)
    variance = SEED_SD**2 * (1 / 3 + 1 / 3) + QUERY_SD**2 / 300
    quantiles = stats.t.isf(0.05 / m / 2, 2 * (4 + 2)) + stats.norm.isf(0.1)
    assert resolvable(planned) == pytest.approx(quantiles * np.sqrt(variance))
    assert resolved_margin(planned) == rounded_up(resolvable(planned))
    assert resolved_margin(plan(margin=0.2)) == 0.2


def test_a_level_that_samples_more_is_two_hypotheses_a_suite() -> None:
    planned = plan()
    more = [
        v.rollouts_per_round != planned.variants[str(v.relative_to)].rollouts_per_round
        for v in planned.variants.values()
        if v.relative_to and not (v.noise_floor or v.control)
    ]
    assert hypotheses(planned) == 2 * (len(more) + sum(more))


def test_tokens_are_another_hypothesis_of_every_level() -> None:
    both, every = plan(), plan(budget="all")
    assert hypotheses(every) > hypotheses(both)
    more = [v for v in every.variants.values() if v.relative_to and not (v.noise_floor or v.control)]
    assert hypotheses(every) == hypotheses(both) + 2 * len(more)


def test_more_seeds_and_queries_resolve_less() -> None:
    least = resolvable(plan(), seeds=False)
    assert least < resolvable(plan(seeds={"race": [3, 12], "reference": 12})) < resolvable(plan())
    assert resolvable(plan(queries=400)) < resolvable(plan(queries=300))


def test_margins_are_whole_half_points() -> None:
    assert [rounded_up(margin) for margin in (0.0201, 0.02, 0.0249)] == [0.025, 0.02, 0.025]


def test_a_margin_that_no_seeds_resolve() -> None:
    with pytest.raises(BadInputError, match=r"^report.equivalence_margin: 0.001 is not resolved .* 0\.\d+ would be"):
        refuse_unresolvable(plan(margin=0.001))
    refuse_unresolvable(plan(margin=0.2))
    refuse_unresolvable(plan())


def test_a_race_on_few_queries() -> None:
    race = {"race": [3, 4]}
    with pytest.raises(BadInputError, match=r"^seeds.race: the sets of id for chains have 20 queries"):
        refuse_unresolvable(plan(queries=20, seeds=race))
    refuse_unresolvable(plan(queries=20))
    refuse_unresolvable(plan(seeds=race))


def test_a_metric_without_a_curve_is_one_hypothesis_a_suite() -> None:
    sampled = Plan(read_study(changed(("report", {"primary": {"metric": "pass@1"}})), []))
    levels = [v for v in sampled.variants.values() if v.relative_to and not (v.noise_floor or v.control)]
    assert hypotheses(sampled) == 2 * len(levels)
