import importlib

import numpy as np
import pytest

from rftlab import levels
from rftlab.rewards.declared import PAYS
from rftlab.rewards.terms import paid
from scored import scored

NAMES = levels.names("rewards.terms")
MIXED = scored(
    {"tokens": 2, "correct": True, "formatted": True},
    {"tokens": 7, "flexible": True},
    {"tokens": 10, "truncated": True},
    {"tokens": 10, "truncated": True, "correct": True},
    per_query=2,
)


def test_what_a_term_sees() -> None:
    assert MIXED.correct_N.tolist() == [True, False, False, True]
    assert MIXED.flexible_N.tolist() == [True, True, False, True]
    assert MIXED.formatted_N.tolist() == [True, False, False, False]
    assert MIXED.truncated_N.tolist() == [False, False, True, True]
    assert MIXED.lengths_N.tolist() == [2.0, 7.0, 10.0, 10.0]
    assert [record.key for record in MIXED.records] == [
        (0, "q0", 0, 0),
        (0, "q0", 0, 1),
        (0, "q1", 0, 0),
        (0, "q1", 0, 1),
    ]


def test_successes_are_paid() -> None:
    values_N = paid(np.array([True, False]), 1, -1)
    assert values_N.tolist() == [1.0, -1.0]
    assert values_N.dtype == np.float64


@pytest.mark.parametrize("name", NAMES)
def test_a_term_is_a_pure_function_of_the_round_with_a_finite_number_for_each_rollout(name: str) -> None:
    term = levels.load("rewards.terms", name)
    values_N = term(MIXED)
    assert values_N.shape == (4,)
    assert values_N.dtype == np.float64
    assert np.isfinite(values_N).all()
    assert not np.signbit(values_N[values_N == 0]).any()  # JSON would say -0.0
    assert values_N.tobytes() == term(MIXED).tobytes()


@pytest.mark.parametrize("name", NAMES)
def test_values_are_within_what_the_file_declares(name: str) -> None:
    level = levels.read("rewards.terms", name)
    low, high = level.constants.get("VALUES", (-np.inf, np.inf))
    low, high = (0.0, 1.0) if level.parameters.keys() >= PAYS else (low, high)
    values_N = levels.load("rewards.terms", name)(MIXED)
    assert (low <= values_N).all()
    assert (values_N <= high).all()


@pytest.mark.parametrize("name", [name for name in NAMES if name != "length_range"])
def test_one_rollout_at_a_time_gives_the_same(name: str) -> None:
    """All but one are about a rollout alone: at n = 1 they are what they are in a group."""
    term = levels.load("rewards.terms", name)
    alone = [term(type(MIXED)([record], MIXED.limit, 1, 0))[0] for record in MIXED.records]
    assert term(MIXED).tolist() == alone


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_queries_and_rollouts_does_not_matter(name: str) -> None:
    term = levels.load("rewards.terms", name)
    for order in ([1, 0, 2, 3], [2, 3, 0, 1], [3, 2, 1, 0]):
        other = type(MIXED)([MIXED.records[i] for i in order], MIXED.limit, MIXED.per_query, 0)
        assert term(other).tolist() == term(MIXED)[order].tolist()


@pytest.mark.parametrize("name", NAMES)
def test_every_term_says_what_it_does_with_one_rollout_and_with_equal_rewards(name: str) -> None:
    text = " ".join(importlib.import_module(f"rftlab.rewards.terms.{name}").__doc__.split()).lower()
    assert "n = 1" in text
    assert "equal rewards" in text or "rewards of a query are equal" in text or "equal judgements" in text
