"""A study that shows nothing says so first, with the likely cause, and one that learned says nothing of the kind."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest

import presented
from rftlab.views.results import Results
from rftlab.views.warnings import behaves, warnings


@pytest.fixture(scope="module")
def study() -> Results:
    return presented.study()


def changed(results: Results, table: str, change: pd.DataFrame) -> Results:
    return dataclasses.replace(results, **{table: change})


def headlines(results: Results) -> list[str]:
    return [warning.headline for warning in warnings(results)]


def lowered(results: Results, verdict: str = "lower") -> Results:
    """Controls with one verdict."""
    table = results.verdicts.copy()
    table.loc[table["factor"] == "control", "verdict"] = verdict
    return changed(results, "verdicts", table)


def with_values(results: Results, value: float, evaluation_set: str) -> Results:
    table = results.evaluations.copy()
    table.loc[(table["metric"] == "greedy") & (table["evaluation_set"] == evaluation_set), "value"] = value
    return changed(results, "evaluations", table)


def with_share(results: Results, metric: str, value: float) -> Results:
    table = results.evaluations.copy()
    table.loc[table["metric"] == metric, "value"] = value
    return changed(results, "evaluations", table)


def test_a_study_that_learned_has_no_warning(study: Results) -> None:
    assert warnings(lowered(study)) == []


@pytest.mark.parametrize(
    ("metric", "value", "cause"),
    [
        ("truncation_rate", 0.9, "90% of the baseline's answers are cut off, so max_new_tokens may be too small"),
        ("format_rate", 0.1, "only 10% of the baseline's answers have the form that the verifier reads"),
        ("verifier_failure_rate", 0.3, "30% of the baseline's answers could not be judged by the verifier"),
        ("format_rate", 0.9, "the task may be too hard, or the verifier a wrong one"),
    ],
)
def test_no_rollout_was_ever_correct(study: Results, metric: str, value: float, cause: str) -> None:
    nothing = changed(lowered(study), "curves", study.curves.assign(accuracy=0.0))
    (warning,) = warnings(with_share(nothing, metric, value))
    assert warning.headline == "Nothing was learned."
    assert warning.sentence.startswith("Not one rollout of tiny-qwen2 × chains was correct, in any run or round: ")
    assert warning.sentence.endswith(f"{cause}.")


@pytest.mark.parametrize(("failures", "said"), [(0.0, None), (0.001, None), (0.25, "25%"), (1.0, "100%")])
def test_rollouts_that_a_reward_file_could_not_score(study: Results, failures: float, said: str | None) -> None:
    curves = study.curves.copy()
    name = next(variant for variant in curves["variant"].unique() if variant != "baseline")
    of_round = curves["rollouts"] / curves["round"]
    curves["reward_failures"] = (failures * of_round).where(curves["variant"] == name)  # no column of other variants
    found = warnings(changed(lowered(study), "curves", curves))
    expected = f"{said} of the rollouts of {name} (tiny-qwen2 × chains) could not be scored by its reward file, and "
    assert [warning.headline for warning in found] == (["Rewards are missing."] if said else [])
    assert not said or found[0].sentence == f"{expected}earned nothing there."


@pytest.mark.parametrize("verdict", ["undecided", "equivalent", "higher"])
def test_a_control_that_is_not_lower(study: Results, verdict: str) -> None:
    found = warnings(lowered(study, verdict))
    assert [warning.headline for warning in found] == ["A control did not behave."] * 2
    assert found[0].sentence.startswith(
        "control/lr_0 is not lower than baseline in distribution (tiny-qwen2 × chains): "
    )


@pytest.mark.parametrize(
    ("verdict", "said"), [("lower", True), ("undecided", False), ("higher", False), ("too few seeds", None)]
)
def test_a_control_behaves_where_it_is_lower_in_distribution_at_any_budget(
    study: Results, verdict: str, said: bool | None
) -> None:
    pair, control = study.pairs[0], next(v for v in study.levels if v.control)
    assert behaves(lowered(study, verdict), pair, control) is said
    table = lowered(study, "undecided").verdicts
    one = (table["level"] == control.level) & (table["budget"] == "rollouts")
    table.loc[one & (table["suite"] == "ood"), "verdict"] = "lower"
    assert behaves(changed(study, "verdicts", table), pair, control) is False
    table.loc[one & (table["suite"] == "id"), "verdict"] = "lower"
    assert behaves(changed(study, "verdicts", table), pair, control) is True
    assert behaves(changed(study, "verdicts", table.iloc[:0]), pair, control) is None


def test_without_verdicts_nothing_is_said_of_controls(study: Results) -> None:
    assert warnings(lowered(study, "too few seeds")) == []


@pytest.mark.parametrize(("value", "headline"), [(0.02, "floor"), (0.0, "floor"), (0.98, "ceiling"), (1.0, "ceiling")])
def test_a_set_without_room(study: Results, value: float, headline: str) -> None:
    (warning,) = warnings(with_values(lowered(study), value, "products"))
    assert warning.headline == f"A set is at its {headline}."
    assert "On products (tiny-qwen2 × chains) neither the base model nor any variant is " in warning.sentence
    assert headlines(with_values(lowered(study), 0.5, "products")) == []


def test_one_checkpoint_of_one_seed_does_not_make_room(study: Results) -> None:
    """What counts is where the base model and the variants end, as means over seeds."""
    full = with_values(lowered(study), 1.0, "products")
    table = full.evaluations.copy()
    here = (table["metric"] == "greedy") & (table["evaluation_set"] == "products") & (table["variant"] == "baseline")
    here &= table["seed"] == 0
    middle = here & (table["round"] > 0) & (table["round"] < table["round"].max())
    assert middle.any()
    table.loc[middle, "value"] = 0.0
    table.loc[here & (table["round"] == table["round"].max()), "value"] = 0.95
    assert headlines(changed(full, "evaluations", table)) == ["A set is at its ceiling."]
    table.loc[here & (table["round"] == table["round"].max()), "value"] = 0.9
    assert headlines(changed(full, "evaluations", table)) == []


@pytest.mark.parametrize(("seeds", "told"), [((0,), "1 seed;"), ((0, 1), "2 seeds;")])
def test_fewer_seeds_than_a_verdict_needs(seeds: tuple[int, ...], told: str) -> None:
    (warning,) = warnings(presented.study(seeds=seeds))
    assert warning.headline == "No verdicts."
    assert warning.sentence.startswith(f"This study has {told} below 3 the spread between seeds cannot ")


def test_a_share_that_is_not_known_is_no_cause(study: Results) -> None:
    nothing = changed(lowered(study), "curves", study.curves.assign(accuracy=0.0))
    unknown = changed(nothing, "evaluations", study.evaluations[study.evaluations["metric"] != "format_rate"])
    (warning,) = warnings(unknown)
    assert warning.sentence == "Not one rollout of tiny-qwen2 × chains was correct, in any run or round."
