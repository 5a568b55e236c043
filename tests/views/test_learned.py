"""Whether the baseline learned, and what it means where training changes nothing."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest

import presented
from presented import LOWER, judged
from rftlab.views.learned import are, baseline_learned, extent, listed, untouched
from rftlab.views.results import Results

NAMES = ("baseline", "again", "advantage/group_norm_extra7", "rollouts/n8", "kl/k3_0.001", "control/lr_0")
ROSE = "its greedy accuracy at the end of training went"


@pytest.fixture(scope="module")
def study() -> Results:
    return judged(presented.study(variants={name: presented.VARIANTS[name] for name in NAMES}), {})


def sentence_of(study: Results) -> str:
    return str(baseline_learned(study))


def test_a_baseline_whose_controls_are_lower_has_learned(study: Results) -> None:
    sentence = sentence_of(judged(study, {("lr_0", "id", "both"): LOWER}))
    assert sentence.startswith(
        "The baseline learned in distribution: its greedy accuracy at the end of training went from 28.1% to "
    )
    assert "in distribution (up in 3 of 3 seeds) and from 18.0% to " in sentence
    assert sentence.endswith("; control/lr_0 is lower in distribution, as controls must be.")


def test_a_control_that_is_not_lower_leaves_open_whether_the_baseline_learned(study: Results) -> None:
    sentence = sentence_of(judged(study, {("lr_0", "id", "both"): {"verdict": "undecided"}}))
    assert sentence.startswith(
        "That the baseline learned is not shown: its greedy accuracy at the end of training went from "
    )
    assert sentence.endswith("; control/lr_0 is not lower, as a control must be.")


def test_a_baseline_that_fell_has_not_learned_whatever_its_controls_do(study: Results) -> None:
    fallen = study.evaluations.copy()
    fallen.loc[(fallen["variant"] == "baseline") & (fallen["round"] > 0), "value"] = 0.1
    lower = judged(study, {("lr_0", "id", "both"): LOWER})
    sentence = sentence_of(dataclasses.replace(lower, evaluations=fallen))
    assert sentence.startswith(
        "That the baseline learned is not shown: its greedy accuracy at the end of training went from 28.1% to 10.0% "
    )
    assert "up in 0 of 3 seeds" in sentence


def test_without_a_control_nothing_is_said_to_have_been_learned() -> None:
    sentence = sentence_of(presented.study(variants=presented.FEW))
    assert sentence.startswith("The baseline: its greedy accuracy at the end of training went from ")
    assert sentence.endswith("; no control with a verdict says what learning nothing looks like.")


def test_where_no_training_is_equivalent_equivalence_says_little(study: Results) -> None:
    said = {("lr_0", "id", "both"): LOWER, ("lr_0", "ood", "both"): {"verdict": "equivalent"}}
    sentence = sentence_of(judged(study, said))
    assert sentence.endswith(
        "lower in distribution, as controls must be. Out of distribution training itself changed little (control/lr_0, "
        "which is not trained, is equivalent): that a level is equivalent there says little of the level."
    )
    assert untouched(judged(study, {("lr_0", "ood", "both"): LOWER})) == ""


def test_words() -> None:
    assert (listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])) == ("a", "a and b", "a, b and c")
    assert (are(["a"]), are(["a", "b"])) == ("is", "are")
    assert extent(pd.Series([3.1, 8.0])) == "+3.1 to +8.0"
    assert extent(pd.Series([3.1])) == "+3.1"
