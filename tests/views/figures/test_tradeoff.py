"""Queries × rollouts: which variants are shown, at what size, and at what cost."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

import presented
from rftlab.views.figures.tradeoff import HEIGHT, LETTER, LINE, apart, tradeoff
from rftlab.views.results import Pair, Results
from vega import reason, walk

PAIR = Pair("tiny-qwen2", "chains")


@pytest.fixture(scope="module")
def study() -> Results:
    return presented.study()


@pytest.fixture(scope="module")
def drawn(study: Results) -> dict[str, Any]:
    return tradeoff(study, PAIR)


def rows(drawn: dict[str, Any], **values: object) -> list[dict[str, Any]]:
    return [row for row in drawn["datasets"]["table"] if all(row[name] == value for name, value in values.items())]


def test_it_shows_what_changes_queries_or_rollouts_what_that_is_relative_to_and_the_baseline(drawn) -> None:
    shapes = {row["variant"]: (row["shape"], row["size"]) for row in rows(drawn)}
    assert shapes == {
        "baseline": ("32×1", "32 trained rollouts a round"),
        "advantage/group_norm_extra7": ("32×1+7", "32 trained rollouts a round"),
        "rollouts/n8": ("32×8", "256 trained rollouts a round"),
        "rollouts/n16": ("32×16", "512 trained rollouts a round"),
        "batch_size/b64_n8": ("64×8", "512 trained rollouts a round"),
        "fixed_budget/b8_n32": ("8×32", "256 trained rollouts a round"),
        "fixed_budget/b16_n16": ("16×16", "256 trained rollouts a round"),
    }


def test_statistics_rollouts_alone_change_nothing_that_is_trained_on() -> None:
    names = ("baseline", "advantage/group_norm_extra7", "control/lr_0")
    study = presented.study(variants={name: presented.VARIANTS[name] for name in names})
    assert reason(tradeoff(study, PAIR)).startswith("No level of this study changes rollout.queries or rollout.roll")


def test_accuracies_are_means_over_the_sets_of_a_suite_and_then_over_seeds(study: Results, drawn) -> None:
    (shown,) = rows(drawn, variant="rollouts/n8", round=60, suite="ood")
    greedy = study.greedy(PAIR).query("variant == 'rollouts/n8' and round == 60 and suite == 'ood'")
    by_seed = greedy.groupby("seed")["value"].mean()
    assert len(greedy) == 3 * 4
    expected = (by_seed.mean(), by_seed.min(), by_seed.max(), 256 * 60)
    assert [shown[name] for name in ("accuracy", "low", "high", "sampled")] == pytest.approx(expected, abs=1e-4)


def test_the_last_checkpoint_is_each_variants_own(study: Results) -> None:
    early = study.evaluations.query("variant != 'rollouts/n8' or round <= 40")
    drawn = tradeoff(dataclasses.replace(study, evaluations=early), PAIR)
    assert {(row["variant"], row["round"]) for row in rows(drawn, last=True) if row["variant"] != "baseline"} >= {
        ("rollouts/n8", 40),
        ("rollouts/n16", 60),
    }
    assert {row["round"] for row in rows(drawn, variant="baseline", last=True)} == {60}


def test_no_mean_is_over_the_seeds_that_survived(study: Results) -> None:
    gone = study.evaluations.query("not (variant == 'rollouts/n16' and seed == 1 and round > 20)")
    drawn = tradeoff(dataclasses.replace(study, evaluations=gone), PAIR)
    assert {row["round"] for row in rows(drawn, variant="rollouts/n16")} == {0, 20}
    assert {row["round"] for row in rows(drawn, variant="rollouts/n8")} == {0, 20, 40, 60}


def test_sizes_are_coloured_in_order_and_every_suite_has_a_panel(drawn) -> None:
    (order,) = {tuple(c["scale"]["domain"]) for c in walk(drawn, "color") if isinstance(c, dict)}
    assert [int(size.split()[0]) for size in order] == [32, 256, 512]
    assert [row["title"]["text"] for row in drawn["vconcat"]] == ["At the last checkpoint", "At equal rollouts"]
    for row in drawn["vconcat"]:
        assert [panel["title"] for panel in row["concat"]] == ["in-distribution", "out-of-distribution"]


def test_a_study_without_sets_out_of_distribution_has_one_panel(study: Results) -> None:
    inside = dataclasses.replace(study, evaluations=study.evaluations.query("suite == 'id'"))
    assert [len(row["concat"]) for row in tradeoff(inside, PAIR)["vconcat"]] == [1, 1]


def test_before_the_baseline_has_finished_it_says_so(study: Results) -> None:
    others = dataclasses.replace(study, runs=study.runs.query("variant != 'baseline'"))
    assert reason(tradeoff(others, PAIR)).startswith("The baseline has not finished")


def test_before_anything_reported_was_evaluated_it_says_so(study: Results) -> None:
    only = study.evaluations[study.evaluations["split"] == "validation"]
    assert reason(tradeoff(dataclasses.replace(study, evaluations=only), PAIR)).startswith("None of the variants")


def test_labels_keep_their_place_until_they_would_be_over_another() -> None:
    assert apart([(0, 100, "32×1"), (0, 100 + LINE, "64×1"), (4 * LETTER, 100, "32×8")]) == [100, 100 + LINE, 100]
    assert apart([(0, 100, "32×1"), (4 * LETTER - 1, 104, "32×8")]) == [100, 104 + LINE]
    assert apart([(0, 100, "32×1"), (0, 96, "32×8"), (0, 101, "32×9")]) == [100, 96 - LINE, 101 + LINE]


def test_a_label_without_room_near_its_point_is_left_out() -> None:
    found = apart([(0, 100, "32×1")] * 9)
    assert sorted(y for y in found if y is not None) == [100 + LINE * n for n in (-2, -1, 0, 1, 2)]
    assert found.count(None) == 4
    assert all(y is None or 0 <= y <= HEIGHT for y in apart([(0, 1, "a"), (0, 2, "b"), (0, 3, "c"), (0, HEIGHT, "d")]))


def test_a_cell_changed_in_something_else_alone_is_not_shown() -> None:
    variants = presented.VARIANTS | {
        "kl/none_n8": (0.0, presented.VARIANTS["rollouts/n8"][1] | {"objective.kl.coefficient": 0.1})
    }
    study = presented.study(variants=variants, relative_to=presented.RELATIVE_TO | {"kl/none_n8": "rollouts/n8"})
    names = {row["variant"] for row in rows(tradeoff(study, PAIR))}
    assert "rollouts/n8" in names
    assert "kl/none_n8" not in names


def test_two_variants_of_one_shape_are_told_apart_by_their_factors() -> None:
    overrides = {"advantage.name": "history_window", "rollout.queries": 32, "rollout.rollouts": 8}
    study = presented.study(variants=presented.VARIANTS | {"history/32x8": (0.0, overrides)})
    labels = {row["variant"]: row["label"] for row in rows(tradeoff(study, PAIR))}
    assert labels["rollouts/n8"] == "32×8 rollouts"
    assert labels["history/32x8"] == "32×8 history"
    assert labels["rollouts/n16"] == "32×16"
