"""The caption says how the numbers below it were made, as the plan and the tables have it."""

from __future__ import annotations

import dataclasses

import presented
from rftlab.runfolder.study_plan import PlannedPrimary, PlannedRace
from rftlab.views.export.caption import caption
from rftlab.views.export.headline import headline
from rftlab.views.results import Results


def told(results: Results) -> str:
    pair = results.pairs[0]
    table = headline(results)
    return caption(results, pair, table[table["model"] == pair.model])


def test_it_states_endpoint_budget_queries_seeds_estimator_and_correction() -> None:
    study = presented.study()
    said = told(study)
    for words in (
        "demo: tiny-qwen2 fine-tuned on chains for 60 rounds a run.",
        "mean greedy accuracy over the checkpoints, level − reference at equal rounds and equal rollouts",
        "in percentage points with 95% intervals",
        "Queries in distribution: chains_test (256). Queries out of distribution: longer (256), ",
        "Seeds: 3 of every arm.",
        f"Estimator: {study.verdicts['method'].iloc[0]}.",
        "corrected for all comparisons of the study (Holm;",
        "equivalences within ±2 points",
        "a false one stands in at most 5% of studies",
        "Detectable: ",
        "A/A: the baseline against itself",
    ):
        assert words in said
    assert "chains_validation" not in said
    assert "†" not in said


def test_it_follows_the_plan() -> None:
    study = presented.study(variants=presented.FEW)
    report = dataclasses.replace(
        study.plan.report, primary=PlannedPrimary("pass@1", "rounds"), confidence=0.9, equivalence_margin=0.035
    )
    said = told(dataclasses.replace(study, plan=dataclasses.replace(study.plan, report=report)))
    for words in ("pass@1, level − reference at equal rounds, ", "90% intervals", "at most 10%", "within ±3.5 points"):
        assert words in said


def test_seeds_that_differ_are_told_by_arm() -> None:
    study = presented.study(variants=presented.FEW)
    verdicts = study.verdicts.assign(n_seeds_reference=9)
    verdicts.loc[0, "n_seeds"] = 12
    said = told(dataclasses.replace(study, verdicts=verdicts))
    assert "Seeds: 3 to 12 of a level, 9 of its reference, as the table says" in said


def test_without_verdicts_nothing_is_said_of_their_correction() -> None:
    said = told(presented.study(variants=presented.FEW, seeds=(0, 1)))
    assert said.endswith("Below 3 seeds there are no verdicts.")
    assert "Holm" not in said


def test_what_was_never_to_be_called_equivalent_is_told() -> None:
    study = presented.study(variants=presented.FEW)
    assert "†: a run of the level" in told(dataclasses.replace(study, verdicts=study.verdicts.assign(unsettled=True)))


def test_a_race_says_when_it_looked() -> None:
    study = presented.study(variants=presented.FEW)
    assert "race" not in told(study)
    race = dataclasses.replace(study.plan, race=PlannedRace((3, 4, 8), 9))
    assert "A race with looks at 3, 4 and 8 seeds of a level" in told(dataclasses.replace(study, plan=race))
