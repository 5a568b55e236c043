r"""Expressions of the right value that are the question copied, and those that are the answer in another order."""

from __future__ import annotations

import pytest

from rftlab.rewards.expressions import parse
from rftlab.rewards.finished import as_finished


@pytest.mark.parametrize(
    ("gold", "target"),
    [
        ("7w+9", "w+6w+9"),  # like terms
        ("x+19", "(4x+7)-3(x-4)"),
        (r"11\pi", r"7\pi+4\pi"),
        ("7+14i", "(2+4i)5-3-6i"),
        ("p^7", r"p^3\cdot p^4"),  # like factors
        ("8x", r"2x\cdot4"),
        ("72c^8", r"(2c^2)^3\cdot(3c)^2"),  # powers
        ("x^6", "(x^2)^3"),
        ("15z+40", "5(3z+8)"),  # brackets
        ("5(3z+8)", "15z+40"),
        ("x^2-1", "(x-1)(x+1)"),
        (r"6+2\sqrt5", r"(1+\sqrt5)^2"),
        (r"\sqrt6", r"\sqrt{2+\sqrt3}+\sqrt{2-\sqrt3}"),  # roots
        (r"\sqrt6", r"\sqrt2\cdot\sqrt3"),
        (r"\frac{1+\sqrt5}{2}", r"\frac{2}{\sqrt5-1}"),  # denominators
        (r"\csc x", r"\frac{\sin x}{1+\cos x}+\frac{\cos x}{\sin x}"),  # functions
        ("x+1", r"\frac{x^2+x}{x}"),  # no polynomial
        (r"\frac{x+1}{x-1}", r"\frac{x^2+x}{x^2-x}"),  # length
    ],
)
def test_what_leaves_more_to_do_than_the_answer(gold: str, target: str) -> None:
    assert not as_finished(parse(gold), parse(target))
    assert as_finished(parse(target), parse(target))


@pytest.mark.parametrize(
    ("gold", "target"),
    [
        ("15z+40", "40+15z"),
        ("4t", r"t\cdot4"),
        (r"\frac{x+1}{2}", r"\frac{x}{2}+\frac12"),
        (r"\frac{\sqrt3}{3}", r"\frac{1}{\sqrt3}"),
        (r"2\sqrt3", r"\sqrt{12}"),
        (r"\frac{\pi}{4}", r"0.25\pi"),
        (r"6+2\sqrt5", r"2(3+\sqrt5)"),
        ("2^{10}", "1024"),
        ("(x+1)(x+2)", "(2+x)(1+x)"),
        (r"\frac34x", r"\frac{3x}{4}"),
        ("(x-1)^2", "(1-x)^2"),
        ("x+1", "-(-(x+1))"),
    ],
)
def test_another_order_or_form(gold: str, target: str) -> None:
    assert as_finished(parse(gold), parse(target))


def test_what_is_no_expression_is_not_looked_at() -> None:
    assert as_finished(parse("x=5"), parse("x=5"))
