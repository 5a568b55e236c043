from rftlab.rewards.terms.length_range import term
from scored import lengths


def test_short_right_answers_gain_and_long_ones_lose() -> None:
    right = [True, True, True, False, False, False]
    values = term(lengths(10, 20, 30, 10, 20, 30, correct=right, limit=40, per_query=6))
    assert values.tolist() == [0.5, 0.0, -0.5, 0.0, 0.0, -0.5]


def test_each_query_has_its_own_range() -> None:
    assert term(lengths(1, 3, 30, 10, correct=True, limit=40, per_query=2)).tolist() == [0.5, -0.5, -0.5, 0.5]


def test_one_rollout_and_equal_lengths_have_no_range() -> None:
    assert term(lengths(7, 3, correct=True)).tolist() == [0.0, 0.0]
    assert term(lengths(5, 5, 5, 5, correct=[True, False, True, False], per_query=2)).tolist() == [0.0] * 4


def test_where_all_are_right_lengths_are_told_apart() -> None:
    assert len(set(term(lengths(1, 2, 3, correct=True, per_query=3)))) == 3
