"""What the catalogue says is what the files say."""

from __future__ import annotations

import json

import pytest

from rftlab import levels
from rftlab.study.baseline import Baseline
from rftlab.study.catalogue import KEYS, described, entries, entry, matching, names, parts, sentences, settings, words

ENTRIES = entries()
WITHOUT_FORMULA = {"rewards.verifiers"}


def test_every_level_is_there_and_it_is_json() -> None:
    assert [(one["kind"], one["name"]) for one in ENTRIES] == [
        (kind, name) for kind in levels.FUNCTIONS for name in levels.names(kind)
    ]
    assert json.loads(json.dumps(ENTRIES)) == ENTRIES
    assert {*KEYS} == {*levels.FUNCTIONS}


@pytest.mark.parametrize("one", ENTRIES, ids=lambda one: one["name"])
def test_a_level_says_what_the_catalogue_needs(one) -> None:
    if one["kind"] not in WITHOUT_FORMULA:
        assert one["formula"]
        assert one["source"]
        assert one["source"].endswith(".")
    if one["kind"] in ("advantages", "objectives.aggregation", "objectives.shaping", "objectives.tokens"):
        assert one["n = 1"]
    assert one["equivalents"] is None or one["equivalents"].endswith(".")


def test_one_entry_in_full() -> None:
    assert entry("objectives.shaping", "clip") == {
        "kind": "objectives.shaping",
        "key": "objective.shaping",
        "name": "clip",
        "summary": "Advantages within a bound: A' = min(max(A, −bound), bound).",
        "what": "Advantages within a bound",
        "formula": "A' = min(max(A, −bound), bound)",
        "parameters": {"bound": 5.0},
        "n = 1": "At n = 1 the formula is the same, and so it is for a single rollout and for equal advantages.",
        "source": "a bound on standardised advantages is common and nobody's invention; 5 is our choice.",
        "equivalents": "ROLL `advantage_clip`, which is unset by default.",
    }
    assert entry("optimizers", "adamw")["parameters"]["betas"] == [0.9, 0.999]


def test_last_paragraphs_and_sentences() -> None:
    text = "A sum: s = Σ.\n\nAt n = 1,\nnothing. More (i.e. more).\nSource: A. B.\nand C.\nEquivalents: none."
    assert parts(text) == (
        "At n = 1, nothing. More (i.e. more).",
        {"Source": "A. B. and C.", "Equivalents": "none."},
    )
    assert sentences("At n = 1, nothing. More (i.e. more).") == ["At n = 1, nothing.", "More (i.e. more)."]
    assert parts("One line.") == ("", {})


def test_settings_are_the_keys_of_the_baseline_that_name_no_level() -> None:
    found = {one["key"]: one for one in settings()}
    assert found["rollout.queries"]["default"] == Baseline().rollout.queries
    assert found["objective.entropy.coefficient"]["default"] == 0.0
    assert found["reward.name"]["default"] == "outcome"
    assert "optimizer.lr" in found
    assert not {*KEYS.values(), "optimizer.name", "optimizer.schedule.name"} & {*found}
    assert all(one["meaning"] for one in found.values())


def test_a_word_of_the_field_finds_levels() -> None:
    assert "group_norm" in [one["name"] for one in matching("GRPO")]
    assert [one["name"] for one in matching("remax")] == ["greedy_baseline"]
    assert [one["name"] for one in matching("seq_mean_token_sum_norm")] == ["constant"]
    assert [one["name"] for one in matching("SPO")] == ["value_tracker", "whiten_rollouts"], (
        "and neither gspo nor cispo"
    )
    assert matching("no such thing") == []


def test_words_of_the_field_are_written_in_several_ways() -> None:
    assert words("REINFORCE++") == words("reinforce_plus-plus") == " reinforce plus plus "
    assert words("Dr. GRPO") == words("dr_grpo") == " dr grpo "
    assert words("") == "  "


def test_a_level_in_words() -> None:
    text = described(entry("advantages", "leave_one_out"))
    assert text.splitlines()[0] == "advantage: leave_one_out"
    assert "  Source: RLOO (Kool et al. 2019; Ahmadian et al., arXiv 2402.14740)." in text
    assert "\n  n = 1: " in text


def test_names_of_the_field_by_a_word() -> None:
    assert names("GRPO")[0] == "grpo"
    assert names("reinforce plus plus") == ["reinforce++"]
    assert names("max_variance") == []
