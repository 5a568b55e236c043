"""The sentences of a study: as many as a reader takes in, and never more than the verdicts say."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest

import presented
from presented import LOWER, judged
from rftlab.runfolder.study_plan import PlannedPrimary
from rftlab.views.findings import changes, findings
from rftlab.views.results import Pair, Results

PAIR = Pair("tiny-qwen2", "chains")
NAMES = ("baseline", "again", "advantage/group_norm_extra7", "rollouts/n8", "kl/k3_0.001", "control/lr_0")
VARIANTS = {name: presented.VARIANTS[name] for name in NAMES}
HIGHER = {"verdict": "higher", "estimate": 0.061, "low": 0.043, "high": 0.079}


@pytest.fixture(scope="module")
def study() -> Results:
    return judged(presented.study(variants=VARIANTS), {})


def told(study: Results) -> list[str]:
    return [str(finding) for finding in findings(study)]


def test_a_level_is_told_with_what_it_changes_its_effect_and_interval_suite_and_budget(study: Results) -> None:
    said = {
        ("n8", "id", "rounds"): HIGHER,
        ("n8", "id", "rollouts"): LOWER,
        ("n8", "ood", "both"): {"verdict": "equivalent"},
    }
    assert told(judged(study, said))[0] == (
        "rollouts/n8 (rollout.rollouts: 8 instead of 1, rollout.statistics_rollouts: 0 instead of 7; against "
        "advantage/group_norm_extra7) raises accuracy in distribution by 6.1 points [+4.3, +7.9] at equal rounds, "
        "lowers it in distribution by 5.0 [−7.0, −3.0] at equal rollouts and changes it by less than 2 points out of "
        "distribution."
    )


def test_budgets_that_are_alike_are_named_where_there_is_another(study: Results) -> None:
    verdicts = judged(study, {("n8", "id", "both"): HIGHER}).verdicts
    tokens = verdicts[verdicts["budget"] == "rounds"].assign(budget="tokens")
    tokens.loc[tokens["verdict"] == "higher", ["estimate", "low", "high"]] = [0.031, 0.013, 0.049]
    sentence = told(dataclasses.replace(study, verdicts=pd.concat([verdicts, tokens])))[0]
    assert (
        "raises accuracy in distribution by 6.1 points [+4.3, +7.9] at equal rounds and rollouts and by 3.1 points "
        "[+1.3, +4.9] at equal tokens"
    ) in sentence


def test_where_a_level_is_undecided_its_sentence_says_so_with_what_would_have_shown(study: Results) -> None:
    said = {("k3_0.001", "id", "both"): LOWER, ("k3_0.001", "ood", "rounds"): {"detectable": 0.031, "estimate": -0.004}}
    assert told(judged(study, said))[0] == (
        "kl/k3_0.001 (objective.kl.coefficient: 0.001 instead of 0) lowers accuracy in distribution by 5.0 points "
        "[−7.0, −3.0] and is undecided out of distribution at equal rounds (−0.4; ≥ 3.1 "
        "would have shown) and rollouts (+1.0; ≥ 4.0 would have shown)."
    )


def test_the_largest_decided_effect_comes_first(study: Results) -> None:
    large = {**HIGHER, "estimate": 0.2}
    said = {
        ("group_norm_extra7", "ood", "both"): large,
        ("n8", "id", "both"): HIGHER,
        ("k3_0.001", "id", "rounds"): LOWER,
    }
    assert [finding.about for finding in findings(judged(study, said))[:3]] == [
        "advantage/group_norm_extra7",
        "rollouts/n8",
        "kl/k3_0.001",
    ]


def test_a_large_effect_that_is_undecided_is_no_finding(study: Results) -> None:
    sentences = told(judged(study, {("n8", "id", "both"): {"estimate": 0.3, "low": 0.01, "high": 0.59}}))
    assert sentences[0] == "No level is shown to be higher or lower than its reference."
    assert not any("n8" in sentence for sentence in sentences)


def test_equivalences_are_summed_up_in_one_sentence(study: Results) -> None:
    same = {"verdict": "equivalent"}
    inert = {"verdict": "equivalent", "inert": True}
    said = {("n8", "id", "rounds"): same, ("k3_0.001", "id", "rounds"): inert, ("k3_0.001", "ood", "both"): inert}
    (sentence,) = [s for s in told(judged(study, said)) if s.startswith("Equivalent")]
    assert sentence == (
        "Equivalent, shown to change accuracy by less than 2 points, in distribution at equal rounds: rollouts/n8 and "
        "kl/k3_0.001 (inert); out of distribution: kl/k3_0.001 (inert)."
    )


def test_what_is_undecided_is_counted_with_the_effects_that_would_have_been_found(study: Results) -> None:
    said = {("n8", "id", "rounds"): {"detectable": 0.06}, ("k3_0.001", "id", "both"): HIGHER}
    (sentence,) = [s for s in told(judged(study, said)) if s.startswith("Undecided")]
    assert sentence == (
        'Undecided, which is not "no effect", with the difference that had a chance of 80% to be found: 2 of 3 '
        "comparisons in distribution (4.0 to 6.0 points) and 3 of 3 comparisons out of distribution (4.0 points)."
    )


def test_a_control_is_neither_a_level_nor_counted(study: Results) -> None:
    assert not any(finding.about.startswith("control") for finding in findings(study))
    assert "3 of 3 comparisons in distribution" in " ".join(told(study))


@pytest.mark.parametrize("others", ["equivalent", "undecided"])
@pytest.mark.parametrize("differ", [0, 1, 4, 5, 11])
def test_there_are_three_to_seven_sentences(differ: int, others: str) -> None:
    study = presented.study()
    levels = [v.level for v in study.levels if not (v.control or v.noise_floor)]
    found = dict.fromkeys(levels[:differ], "higher")
    verdicts = study.verdicts["level"].map(lambda level: found.get(level, others))
    sentences = findings(dataclasses.replace(study, verdicts=study.verdicts.assign(verdict=verdicts)))
    own = [finding.about for finding in sentences if "/" in finding.about]
    assert len(own) == (differ if differ <= 4 else 3)
    assert [f.about for f in sentences].count("Also decided") == (differ > 4)
    assert 2 + (differ < len(levels)) <= len(sentences) <= 7
    text = " ".join(map(str, sentences))
    assert all(level in text or "more" in text for level in found)


def test_a_diverged_run_of_a_level_is_told_in_its_sentence(study: Results) -> None:
    sentence = told(judged(study, {("n8", "id", "both"): {**LOWER, "unsettled": True}}))[0]
    assert sentence.endswith("; a run of it or of its reference diverged or collapsed.")


def test_of_several_pairs_a_sentence_counts_them() -> None:
    study = judged(presented.study(models=("a", "b", "c"), variants=VARIANTS), {})
    for model, row in (("a", HIGHER), ("b", {**HIGHER, "estimate": 0.08}), ("c", LOWER)):
        study = judged(study, {("k3_0.001", "id", "both"): row}, Pair(model, "chains"))
    study = judged(study, {("n8", "ood", "rounds"): {"verdict": "equivalent"}}, Pair("b", "chains"))
    assert told(study)[:2] == [
        "kl/k3_0.001 (objective.kl.coefficient: 0.001 instead of 0): accuracy in distribution is higher in 2 of 3 "
        "pairs (+6.1 to +8.0 points) and lower in 1 (−5.0 points); out of distribution is undecided in 3 of 3 pairs.",
        "Equivalent, shown to change accuracy by less than 2 points, out of distribution at equal rounds: rollouts/n8 "
        "in 1 of 3 pairs.",
    ]
    assert "its greedy accuracy at the end of training changed by +" in told(study)[-1]
    assert "up in 3 of 3 pairs" in told(study)[-1]


def test_below_three_seeds_no_level_is_judged() -> None:
    sentences = told(presented.study(variants=VARIANTS, seeds=(0, 1)))
    assert sentences[0] == "No level is judged: a verdict needs 3 seeds."
    assert sentences[-1].startswith("The baseline: ")
    assert len(sentences) == 2


def test_a_study_of_the_baseline_alone_says_so() -> None:
    sentences = told(presented.study(variants={"baseline": VARIANTS["baseline"]}))
    assert sentences[0].startswith("Nothing is compared: the study has no level besides its baseline")
    assert len(sentences) == 2


def test_a_primary_metric_that_is_no_accuracy_is_named(study: Results) -> None:
    report = dataclasses.replace(study.plan.report, primary=PlannedPrimary("pass@4", "rounds"))
    renamed = dataclasses.replace(study, plan=dataclasses.replace(study.plan, report=report))
    assert "raises pass@4 in distribution by 6.1 points" in told(judged(renamed, {("n8", "id", "both"): HIGHER}))[0]


def test_changes_are_those_of_the_runs_and_in_the_order_of_the_study(study: Results) -> None:
    by_name = {v.name: v for v in study.variants}
    assert changes(study, by_name["advantage/group_norm_extra7"]) == (
        "advantage.name: group_norm instead of raw, rollout.statistics_rollouts: 7 instead of 0"
    )
    assert changes(study, by_name["again"]) == ""


def test_before_the_first_look_nothing_is_decided() -> None:
    study = presented.study(variants=presented.FEW)
    running = dataclasses.replace(study, verdicts=study.verdicts.assign(verdict="running"))
    assert told(running)[0] == "Nothing is decided yet: the first look is at 3 seeds of every level."
    assert "no control with a verdict" in told(running)[-1]


def test_what_still_races_says_where() -> None:
    said = {("n8", "id", "both"): {"verdict": "running"}, ("n8", "ood", "both"): {"verdict": "higher"}}
    study = judged(presented.study(variants=presented.FEW), said)
    assert any(line.startswith("rollouts/n8") and "still races in distribution" in line for line in told(study))


def test_levels_that_were_stopped_are_counted() -> None:
    study = judged(presented.study(variants=presented.FEW), {("n8", "id", "both"): {"chance": 0.05}})
    (sentence,) = [line for line in told(study) if line.startswith("Undecided")]
    assert sentence.endswith("; of 1 further seeds would hardly have told.")
