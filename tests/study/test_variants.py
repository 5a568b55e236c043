"""Variants, what each is compared with, and the runs they make."""

from __future__ import annotations

from pathlib import Path

import pytest

from studies import changed, refusal


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ({"optimizer.lr": 0.0001}, "the level overrides nothing: it is the same configuration as baseline"),
        ({"optimizer.lr": "1e-4"}, "the level overrides nothing: it is the same configuration as baseline"),
        ({"advantage": "raw"}, "the level overrides nothing: it is the same configuration as baseline"),
    ],
    ids=str,
)
def test_levels_that_change_nothing(tmp_path: Path, level, expected: str) -> None:
    assert refusal(tmp_path, changed(("factors/lr/zero", level))).startswith(f"factors.lr.zero: {expected}")


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("lr/nul", "'lr/nul' is not one of baseline, advantage/group_norm, rollouts/n4"),
        ("advantage/grup_norm", "(did you mean 'advantage/group_norm'?)"),
        ("lr/zero", "'lr/zero' is not one of baseline, advantage/group_norm, rollouts/n4"),
        ("again", "'again' is not one of baseline"),
        (["baseline"], "['baseline'] is not one of baseline"),
        (None, "None is not one of baseline"),
    ],
    ids=str,
)
def test_bad_references(tmp_path: Path, reference, expected: str) -> None:
    line = refusal(tmp_path, changed(("factors/lr/zero/relative_to", reference)))
    assert line.startswith("factors.lr.zero.relative_to: ")
    assert expected in line


def test_references_in_a_circle(tmp_path: Path) -> None:
    line = refusal(tmp_path, changed(("factors/advantage/group_norm/relative_to", "rollouts/n4")))
    assert line == (
        "factors.advantage.group_norm.relative_to: advantage/group_norm → rollouts/n4 → advantage/group_norm "
        "is a circle; comparisons must end at the baseline"
    )


def test_a_level_that_is_the_same_as_the_one_it_is_compared_with(tmp_path: Path) -> None:
    same = {"advantage": {"name": "group_norm", "ddof": 1}, "rollout.statistics_rollouts": 3}
    line = refusal(tmp_path, changed(("factors/lr/zero", same | {"relative_to": "advantage/group_norm"})))
    assert line.startswith("factors.lr.zero: the level overrides nothing: it is the same configuration as advantage/")
