r"""What math-verify accepts and should not, and that the guards refuse it: pinned for the version that is installed.

Where a line fails because the package no longer accepts it, its guard may be in nobody's service any more. The
package is given what it wants, both sides in a box; answers and completions are also in the table of judgements.
"""

from __future__ import annotations

import logging

import pytest

from rftlab.rewards.verifiers.math_verify import verify

LENIENT = [
    ("12", "10+2", "arithmetic left to do"),
    ("12", r"\sqrt{144}", "arithmetic left to do"),
    ("8", "2^3", "arithmetic left to do"),
    ("120", "5!", "arithmetic left to do"),
    ("10", r"\binom{5}{2}", "arithmetic left to do"),
    ("3", r"\log_2 8", "arithmetic left to do"),
    (r"12\pi", r"(10+2)\pi", "arithmetic left to do"),
    ("2x+1", "(x+1)^2 - x^2", "the question copied"),
    ("(x+1)(x+2)", "x^2+3x+2", "the question copied"),
    ("5", "x+y=5", "an equation for its right side"),
    ("12", "10+2=12", "an equation for its right side"),
    ("x+y=5", "5", "the right side for an equation"),
    ("x^2+1=0", "x^2+2=0", "two equations without solutions"),
    (r"\frac{1}{3}", "0.333333", "a decimal that only comes near"),
    (r"\pi", "3.14159265", "a decimal that only comes near"),
    (r"\pi", r"\pi + 10^{-30}", "a number that only comes near"),
    (r"50\%", "0.5", "percent as a hundredth"),
    ("0.5", r"50\%", "percent as a hundredth"),
    ("50", r"50\%", "percent as nothing at all"),
    (r"10\text{ cm}", r"10\text{ m}", "units that differ"),
    ("5", r"5 \text{ million}", "a factor taken for a unit"),
    (r"9\text{ a.m.}", r"9\text{ p.m.}", "half of the day"),
    ("4t", "4", "a symbol taken for a unit"),
    ("3R^2", "3r^2", "capital letters"),
    ("(1,2)", "1,2", "a list for a point"),
    ("(1,2)", r"\{1,2\}", "a set for a point"),
    ("1,2", "1,1,2", "repeated elements"),
    ("40_9", "40_8", "bases that differ"),
    ("11", "11_3", "bases that differ"),
]
ACCEPTED = {("50", r"50\%")}
"""Accepted here as well: a percent sign is a unit, and MATH asks for percentages with and without it."""


@pytest.mark.parametrize(("answer", "given", "leniency"), LENIENT)
def test_a_leniency_of_the_package_and_its_guard(answer: str, given: str, leniency: str) -> None:
    import math_verify

    logging.getLogger("math_verify").setLevel(logging.ERROR)
    parsed = [math_verify.parse(rf"\boxed{{{text}}}", parsing_timeout=None) for text in (answer, given)]
    assert math_verify.verify(*parsed, timeout_seconds=None), "the package refuses it now"
    judgement = verify(rf"\boxed{{{given}}}", answer)
    assert judgement.correct == ((answer, given) in ACCEPTED)
    assert judgement.extracted is not None
    assert judgement.failure is None
