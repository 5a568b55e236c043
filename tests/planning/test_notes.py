"""Settings that do less than they seem to are said, and others are not."""

from __future__ import annotations

import pytest

from rftlab.planning.notes import is_one, notes
from studies import planned


def test_a_study_of_which_nothing_is_to_be_said() -> None:
    assert notes(planned()) == []


@pytest.mark.parametrize(
    ("precision", "ratios"),
    [
        ({}, ["clip", "truncated"]),
        ({"sampler_dtype": "float32"}, ["clip", "truncated"]),
        ({"autocast": "bfloat16"}, ["clip"]),
        ({"sampler_dtype": "bfloat16"}, ["clip"]),
    ],
)
def test_a_ratio_that_is_one_is_none(precision: dict[str, str], ratios: list[str]) -> None:
    """Truncated weights compare with the sampler, and are there for the difference between formats."""
    levels = {name: {"objective.ratio.name": name} for name in ("clip", "truncated")}
    (line,) = notes(planned(("factors/ratio", levels), ("baseline/precision", precision)))
    assert line.partition(": with one")[0] == ", ".join(f"ratio/{name} ({name})" for name in ratios)


@pytest.mark.parametrize(("section", "key", "value"), [("rollout", "top_p", 0.9), ("engine", "name", "vllm")])
def test_a_sampler_with_other_probabilities_is_weighed(section: str, key: str, value: object) -> None:
    """A token of a nucleus of 0.9 is up to 1/0.9 likelier than in training, which is what the weights are for."""
    levels = {name: {"objective.ratio.name": name} for name in ("clip", "truncated", "cispo")}
    variants = planned(("factors/ratio", levels)).variants
    exact = {
        name: is_one(config | {section: config[section] | {key: value}})
        for name in levels
        for config in [variants[f"ratio/{name}"].config]
    }
    assert exact == {"clip": True, "truncated": False, "cispo": False}


def test_rewards_that_tell_nothing_apart() -> None:
    (line,) = notes(planned(("factors/lr/zero", {"reward.incorrect": 1.0})))
    assert line == "lr/zero: reward.correct and reward.incorrect are equal: every answer is paid the same"


def test_every_ratio_of_the_baselines_variants_is_named() -> None:
    (line,) = notes(planned(("baseline/objective/ratio", "gspo")))
    assert line.startswith("baseline (gspo), again (gspo), advantage/group_norm (gspo), ")


def test_a_distance_between_checkpoints_that_no_run_reaches() -> None:
    (line,) = notes(planned(("evaluation/every", {"rounds": 7})))
    assert line == "evaluation.every is longer than every run: there is no checkpoint but the last, and so no curve"
    assert notes(planned(("evaluation/every", {"rounds": 6}))) == []


def test_only_some_runs_are_shorter() -> None:
    edits = ("budget", {"rollouts": 24}), ("evaluation/every", {"rounds": 3})
    (line,) = notes(planned(*edits))
    assert line.startswith("evaluation.every is longer than the runs of advantage/group_norm, rollouts/n4: ")


def test_several_steps_make_ratios_real_and_steps_without_one_are_named() -> None:
    levels = {
        "clip": {"objective.ratio.name": "clip", "update.minibatches": 2},
        "plain": {"update.epochs": 2},
    }
    (line,) = notes(planned(("factors/steps", levels)))
    assert line == (
        "steps/plain: with `objective.ratio: none` nothing makes up for what the first of several steps on a "
        "round has moved"
    )


def test_what_redraws_may_cost_is_said_where_only_the_runs_can_tell() -> None:
    level = {"dynamic": {"advantage.name": "group_norm", "rollout.rollouts": 2, "rollout.redraws": 3}}
    (line,) = notes(planned(("factors/draws", level)))
    assert line.startswith("draws/dynamic (1/4): how often `rollout.redraws` draws anew only the runs can tell")
    assert (
        notes(planned(("factors/draws", level), ("budget", {"rollouts": 24}), ("evaluation/every", {"rounds": 1})))
        == []
    )


def test_a_ratio_that_does_not_see_the_age_of_the_samplers_weights_is_named() -> None:
    levels = {name: {"objective.ratio.name": name, "rollout.sync_every": 2} for name in ("none", "truncated")}
    (line,) = notes(planned(("factors/age", levels)))
    assert line.startswith("age/none (none): this ratio does not see how old the sampler's weights are; one that ")
