"""Single expressions: the same value in another form, and what is refused before it is parsed."""

from __future__ import annotations

import pytest

from rftlab.rewards.expressions import DepthError, UnparsedError, check_caps, same_expression
from rftlab.rewards.numbers import ExponentError


@pytest.mark.parametrize(
    ("expected", "given", "same"),
    [
        ("2x+1", "1+2x", True),
        ("2x+1", "(x+1)^2-x^2", False),  # arithmetic left to do
        (r"\frac{\sqrt{2}}{2}", r"\frac{1}{\sqrt{2}}", True),
        (r"\sqrt{2}", "1.41421356237309", False),
        ("x+y=5", "y=5-x", True),
        ("x+y=5", "x+y=6", False),
        ("x<3", "x=3", False),
        ("x", "X", False),
        ("40_9", "40", True),
        ("40_9", "40_8", False),
        ("3:4", "3:4", False),  # ratios are compared as texts, before
        ("6", "3!", False),
    ],
)
def test_the_same_value_in_a_finished_form(expected: str, given: str, same: bool) -> None:
    assert same_expression(expected, given) is same


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("2^{3^4}", ExponentError),
        ("2^{10001}", ExponentError),
        ("99999!", ExponentError),
        ("1" * 101, ExponentError),
        ("(" * 9 + "x" + ")" * 9, DepthError),
    ],
)
def test_what_could_take_for_ever_is_refused_unparsed(text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        check_caps(text)


@pytest.mark.parametrize("text", ["2^{10000}", "9999!", "1" * 100, "(" * 8 + "x" + ")" * 8])
def test_what_is_just_allowed(text: str) -> None:
    check_caps(text)


def test_what_cannot_be_read() -> None:
    with pytest.raises(UnparsedError):
        same_expression("x+1", r"\frac{x}")
