"""A range as a level's file declares it: what is possible, and how that is said."""

from __future__ import annotations

import pytest

from rftlab.errors import BadInputError
from rftlab.study.ranges import parse, refuse_outside, refuse_range

SIZES = {"n": 2, "M": 5}
SAMPLED = "rollout.rollouts + rollout.statistics_rollouts, 5,"


@pytest.mark.parametrize(
    ("possible", "inside", "outside"),
    [
        ("(0, inf)", [1e-9, 3], {0: "more than 0"}),
        ("[0, 1)", [0, 0.99], {-0.1: "at least 0 and less than 1", 1: "at least 0 and less than 1"}),
        ("[ 0 , 1 ]", [0, 1], {1.1: "a number from 0 to 1"}),
        ("[1, M]", [1, 5], {0: "at least 1", 6: f"at most {SAMPLED}"}),
        ("[n, inf)", [2, 9], {1: "at least rollout.rollouts, 2,"}),
        ("(-inf, M)", [4, -9], {5: f"less than {SAMPLED}"}),
        ((0, 1), [0, 1], {2: "0 or 1"}),
        (("low", "high"), ["low"], {"mid": "low or high"}),
    ],
    ids=str,
)
def test_what_is_possible(possible, inside, outside) -> None:
    for value in inside:
        refuse_outside(possible, value, SIZES, "a.b")
    for value, needed in outside.items():
        with pytest.raises(BadInputError) as error:
            refuse_outside(possible, value, SIZES, "a.b")
        assert str(error.value) == f"a.b: {needed} is needed, not {value}"


@pytest.mark.parametrize("text", ["", "0, 1", "[0, 1", "[0]", "[0, 1, 2]", "[a, 1]", "[0, nan]", "{0, 1}", "(1, 0)"])
def test_what_is_no_interval(text: str) -> None:
    with pytest.raises(ValueError):
        parse(text)


@pytest.mark.parametrize(
    ("possible", "default"),
    [
        ("(0, 1)", "x"),  # an interval of texts
        ("(0, 1)", True),
        ("(0, 1)", 1),  # which does not hold the default
        ((), 1),
        ((2, 3), 1),
        (("1",), 1),
        ((1, "x"), 1),
        ((1.0,), 1),
        ([0, 1], 1),
        (3, 1),
    ],
    ids=str,
)
def test_what_is_no_range_of_a_parameter(possible, default) -> None:
    with pytest.raises(ValueError):
        refuse_range(possible, default)


@pytest.mark.parametrize(
    ("possible", "default"), [("[1, M]", 9), ("(0, inf)", 1e-6), ((0, 1), 1), (("a", "b"), "b")], ids=str
)
def test_what_is_a_range_of_a_parameter(possible, default) -> None:
    refuse_range(possible, default)
