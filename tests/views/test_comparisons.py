"""Comparisons: a level and its reference, those with a finding first, controls last."""

from __future__ import annotations

import dataclasses
import math

import pytest

import presented
from rftlab.runfolder.study_plan import PlannedVariant
from rftlab.views.comparisons import GROUPS, comparisons
from rftlab.views.results import Pair, Results

PAIR = Pair("tiny-qwen2", "chains")


@pytest.fixture(scope="module")
def study() -> Results:
    return presented.study()


def said(study: Results, **verdicts: str) -> Results:
    """The study with these verdicts by factor, in all panels, and an estimate of one point."""
    table = study.verdicts.assign(estimate=0.01, verdict="undecided")
    table["verdict"] = [
        verdicts.get(factor, verdict) for factor, verdict in zip(table["factor"], table["verdict"], strict=True)
    ]
    return dataclasses.replace(study, verdicts=table)


def groups(study: Results) -> dict[str, str]:
    return {comparison.level.name: comparison.group for comparison in comparisons(study, PAIR)}


def test_every_level_is_there_once_with_what_it_is_relative_to(study: Results) -> None:
    found = comparisons(study, PAIR)
    assert sorted(c.level.name for c in found) == sorted(v.name for v in study.levels)
    by_level = {c.level.name: c for c in found}
    assert by_level["rollouts/n16"].label == "rollouts/n16 vs advantage/group_norm_extra7"
    assert by_level["again"].label == "A/A: baseline again vs baseline"
    assert all(c.reference.name == c.level.relative_to for c in found)


def test_findings_come_first_and_controls_last_whatever_is_found_of_them(study: Results) -> None:
    found = groups(
        said(study, history="lower", kl="equivalent", control="lower", noise_floor="higher", reward="too few seeds")
    )
    assert found["history/window8"] == "Higher or lower"
    assert found["kl/k3_0.001"] == "Equivalent"
    assert found["rollouts/n8"] == "Undecided"
    assert found["reward/minus_one"] == "Not judged"
    assert found["again"] == "A/A: the baseline again"
    assert found["control/lr_0"] == found["control/random_reward"] == "Controls"
    order = [GROUPS.index(group) for group in found.values()]
    assert order == sorted(order)


def test_one_panel_with_a_finding_is_enough(study: Results) -> None:
    table = said(study, kl="equivalent").verdicts
    row = table.index[(table["factor"] == "kl") & (table["suite"] == "ood")][0]
    table.loc[row, "verdict"] = "lower"
    found = comparisons(dataclasses.replace(study, verdicts=table), PAIR)[0]
    assert (found.level.name, found.found) == ("kl/k3_0.001", True)


def test_within_a_group_the_largest_effect_is_first_whatever_its_sign(study: Results) -> None:
    table = said(study).verdicts
    table["estimate"] = table["factor"].map({"kl": -0.3, "history": 0.2, "reward": math.nan}).fillna(0.01)
    table.loc[table["factor"] == "reward", "estimate"] = math.nan
    names = [c.level.name for c in comparisons(dataclasses.replace(study, verdicts=table), PAIR)]
    assert names[:2] == ["kl/k3_0.001", "history/window8"]
    assert names.index("reward/minus_one") > names.index("optimizer/lr_3e-4")


def test_without_verdicts_nothing_is_judged_and_the_order_is_the_studys(study: Results) -> None:
    none = dataclasses.replace(study, verdicts=study.verdicts.iloc[:0])
    names = [c.level.name for c in comparisons(none, PAIR) if c.group == "Not judged"]
    assert names == [v.name for v in study.levels if not (v.noise_floor or v.control)]


def test_a_cell_of_crossed_factors_is_in_no_comparison(study: Results) -> None:
    cell = PlannedVariant("a+b/1+2", "a+b", "1+2", None, {})
    plan = dataclasses.replace(study.plan, variants=(*study.plan.variants, cell))
    assert comparisons(dataclasses.replace(study, plan=plan), PAIR) == comparisons(study, PAIR)
