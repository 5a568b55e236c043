import pytest

from rftlab.rewards.terms.length_target import term
from scored import lengths


def test_the_distance_from_the_target_is_what_it_costs() -> None:
    assert term(lengths(50, 40, 60, 100, limit=100)).tolist() == pytest.approx([0, -0.1, -0.1, -0.5])
    assert term(lengths(20, 100, limit=100), share=0.2).tolist() == pytest.approx([0, -0.8])
    assert term(lengths(20, limit=100), share=0.0).tolist() == pytest.approx([-0.2])  # the shorter the better


def test_right_and_wrong_alike() -> None:
    assert len(set(term(lengths(30, 30, correct=[True, False], limit=100, per_query=2)))) == 1
