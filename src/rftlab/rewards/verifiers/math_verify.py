r"""An answer in any form, compared by value with math-verify, behind guards against what that package lets pass.

The answer is the last ``\boxed{…}``, or what the completion announces (``answer is …``, ``#### …``), or else its last
formula or number. Numbers are compared exactly and by ourselves; points, intervals, sets, unions and matrices are taken
apart and compared part by part; math-verify sees single expressions. Guarded, because math-verify 0.9 accepts them:
arithmetic left to do (``10+2`` for 12), several answers or an equation for one (``17, 18`` and ``x+y=18`` for 18),
decimals for what they only approximate (``0.333333`` for 1/3), ``50\%`` for 0.5 (a percent sign is a unit: it is right
for 50), other brackets (``1,2`` for the point (1,2)), repeated elements of a set, other number bases, equations that
both have no solution, polynomials in the form of the question (``(x+1)^2-x^2`` for ``2x+1``), and other units.
"""

from __future__ import annotations

import re

from rftlab.rewards import Judgement
from rftlab.rewards.boxes import last_answer
from rftlab.rewards.expressions import DepthError, UnparsedError, same_expression
from rftlab.rewards.latex import Answer, judgement_of
from rftlab.rewards.numbers import ExponentError, number, several

STRICT = "math_boxed_strict"
FLEXIBLE = "math_verify"
GOLD = "\\boxed{{{}}}"
ISOLATED = True

LONGEST = 400
"""Characters of an answer that is parsed; the longest of MATH has 159."""
MOST_PARTS = 64


def verify(completion: str, answer: str) -> Judgement:
    """Compare the completion's answer with the answer, by value.

    Raises:
        ValueError: nothing is left of the answer itself.
    """
    what = "rewards/verifiers/math_verify compares answers"
    return judgement_of(last_answer(completion), answer, by_value, longest=LONGEST, compares=what)


def by_value(expected: Answer, candidate: Answer) -> Judgement:
    """Compare two normalised answers by value, or say why that cannot be done."""
    try:
        value = number(candidate.body)
        extracted = candidate.body if value is None else str(value)
        correct = not candidate.contradicts(expected) and equal(expected, candidate)
    except ExponentError:
        return Judgement(False, candidate.body, "exponent")
    except DepthError:
        return Judgement(False, candidate.body, "too_long")
    except UnparsedError:
        return Judgement(False, candidate.body, "unparsed")
    return Judgement(correct, extracted)


def equal(expected: Answer, candidate: Answer) -> bool:
    """Whether two cleaned answers have the same value, in the same kind of brackets."""
    if expected.body == candidate.body:
        return True
    if expected.words:
        return _same_words(expected.body, candidate.body)
    # y = 5 - x is an equation where the other side is one, x + y = 5; otherwise y is a name for 5 - x
    one, other = (
        f"{side.name}={side.body}" if side.name and "=" in opposite.body else side.body
        for side, opposite in ((expected, candidate), (candidate, expected))
    )
    return _equal(one, other)


def _equal(expected: str, candidate: str) -> bool:
    if expected == candidate:
        return True
    value = number(expected)
    if value is not None:
        return number(candidate) == value
    parts, others = several(expected), several(candidate)
    if parts is None and others is None:
        return same_expression(expected, candidate)
    if parts is None or others is None or parts.kind != others.kind or len(parts.parts) != len(others.parts):
        return False
    if len(parts.parts) > MOST_PARTS:
        raise DepthError
    if parts.ordered:
        return all(_equal(part, other) for part, other in zip(parts.parts, others.parts, strict=True))
    left = list(others.parts)
    for part in parts.parts:
        match = next((i for i, other in enumerate(left) if _equal(part, other)), None)
        if match is None:
            return False
        del left[match]
    return True


def _same_words(expected: str, candidate: str) -> bool:
    """Text answers: case, spaces and the brackets of ``(C)`` do not count, nor does the order of a list."""
    texts = [sorted(re.sub(r"[\s()]", "", part).casefold() for part in re.split(",", t)) for t in (expected, candidate)]
    return texts[0] == texts[1]
