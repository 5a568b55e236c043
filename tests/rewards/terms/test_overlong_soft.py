import numpy as np
import pytest

from rftlab.rewards.terms.overlong_soft import term
from scored import lengths


def test_the_last_part_is_penalised_in_proportion() -> None:
    assert term(lengths(1, 80, 90, 95, 100, limit=100)).tolist() == pytest.approx([0, 0, -0.5, -0.75, -1])
    assert term(lengths(1, 50, 100, limit=100), share=1.0).tolist() == pytest.approx([-0.01, -0.5, -1])


def test_it_is_the_formula_of_dapo() -> None:
    """Eq. 13 with L_max 20480 and L_cache 4096: ((L_max − L_cache) − |y|)/L_cache in the last L_cache tokens."""
    tokens = np.array([1, 16384, 16385, 18000, 20479, 20480])
    expected = np.where(tokens <= 16384, 0.0, (16384 - tokens) / 4096)
    assert term(lengths(*tokens.tolist(), limit=20480)) == pytest.approx(expected, abs=1e-12)


def test_right_and_wrong_are_penalised_alike_and_equal_rewards_are_told_apart() -> None:
    assert term(lengths(90, 90, correct=[True, False], limit=100)).tolist() == pytest.approx([-0.5, -0.5])
    assert len(set(term(lengths(90, 95, limit=100, per_query=2)))) == 2
