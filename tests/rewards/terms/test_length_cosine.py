import pytest

from rftlab.rewards.terms.length_cosine import term
from scored import lengths, scored


def test_half_a_wave_from_short_to_long() -> None:
    """cos(π/4) = 0.70711, cos(π/2) = 0, cos(3π/4) = −0.70711."""
    ends = {"correct_short": 2.0, "correct_long": 1.0, "incorrect_short": -10.0, "incorrect_long": 0.0}
    right = term(lengths(25, 50, 75, 100, correct=True, limit=100), **ends)
    wrong = term(lengths(25, 50, 75, 100, limit=100), **ends)
    assert right.tolist() == pytest.approx([1.853553, 1.5, 1.146447, 1.0], abs=1e-6)
    assert wrong.tolist() == pytest.approx([-8.535534, -5.0, -1.464466, 0.0], abs=1e-6)


def test_what_was_cut_off_has_its_own_value_right_or_wrong() -> None:
    rollouts = scored({"truncated": True, "correct": True, "tokens": 10}, {"truncated": True, "tokens": 10})
    assert term(rollouts, truncated=-3.0).tolist() == [-3.0, -3.0]


def test_where_all_are_wrong_lengths_are_told_apart() -> None:
    short, long = term(lengths(1, 9, per_query=2))
    assert short < long < 0
