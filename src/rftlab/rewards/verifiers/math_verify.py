r"""An answer in any form, compared by value with math-verify, behind guards against what that package lets pass.

The answer is the last ``\boxed{…}`` (the last few where a list is asked for), or what the completion states: announced
(``answer is …``, ``#### …``, ``<answer>…</answer>``) or concluded in its last sentence. Numbers are compared exactly
and by ourselves; points, intervals, sets, unions and matrices are taken apart and compared part by part; math-verify
sees single expressions. Guarded, because math-verify 0.9 accepts them: arithmetic left to do (``10+2`` for 12), several
answers or an equation for one (``17, 18`` and ``x+y=18`` for 18), decimals for what they only approximate (``0.333333``
for 1/3), ``50\%`` for 0.5 (a percent sign is a unit: it is right for 50), other brackets (``1,2`` for the point (1,2)),
repeated elements of a set, other number bases, equations that both have no solution, polynomials in the form of the
question (``(x+1)^2-x^2`` for ``2x+1``), and other units.
"""

from __future__ import annotations

import re

from rftlab.rewards import Judgement
from rftlab.rewards.boxes import boxed_list, last_answer
from rftlab.rewards.expressions import DepthError, UnparsedError, near, same_expression
from rftlab.rewards.latex import Answer, clean, judgement_of, unnamed
from rftlab.rewards.numbers import ExponentError, number, several, split

STRICT = "math_boxed_strict"
FLEXIBLE = "math_verify"
GOLD = "\\boxed{{{}}}"
ISOLATED = True

LONGEST = 400
"""Characters of an answer that is parsed; the longest of MATH has 159."""
MOST_PARTS = 64
MOST_FORMS = 4
"""Of one value, written one after the other."""


def verify(completion: str, answer: str) -> Judgement:
    """Compare the completion's answer with the answer, by value.

    Raises:
        ValueError: nothing is left of the answer itself.
    """
    what = "rewards/verifiers/math_verify compares answers"
    parts = several(clean(answer).body)
    listed = boxed_list(completion) if parts and parts.kind == "list" else None
    return judgement_of(listed or last_answer(completion), answer, by_value, longest=LONGEST, compares=what)


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
    if expected.words:
        return _same_words(expected.body, candidate.text)
    if expected.body == candidate.body:
        return True
    # y = 5 - x is an equation where the other side is one, x + y = 5; otherwise y is a name for 5 - x
    ones, others = (
        (f"{side.name}={side.body}",) if side.name and "=" in opposite.body else side.readings
        for side, opposite in ((expected, candidate), (candidate, expected))
    )
    return any(_equal(one, other) or _equal_forms(one, other) for one in ones for other in others)


def _equal_forms(expected: str, candidate: str) -> bool:
    r"""Whether a candidate of several forms, ``2\frac34=\frac{11}{4}`` or ``4\sqrt6\approx9.8``, is right in each."""
    exact, approximate, decimal = candidate.partition("\\approx")
    forms = split(exact, "=")
    if "=" in expected or "approx" in expected or not (approximate or len(forms) > 1) or len(forms) > MOST_FORMS:
        return False
    return all(_equal(expected, form) for form in forms) and (not approximate or near(expected, decimal.strip()))


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
    ours, theirs = (unnamed(side.parts) if side.kind == "list" else side.parts for side in (parts, others))
    if parts.ordered:
        return all(_equal(part, other) for part, other in zip(ours, theirs, strict=True))
    left = list(theirs)
    for part in ours:
        match = next((i for i, other in enumerate(left) if _equal(part, other)), None)
        if match is None:
            return False
        del left[match]
    return True


def _same_words(expected: str, candidate: str) -> bool:
    """Text answers: case, and the brackets of ``(C)`` do not count, nor does the order of a list."""
    texts = [
        sorted(" ".join(re.sub("[()]", "", part).casefold().split()) for part in re.split(",", t))
        for t in (expected, candidate)
    ]
    return texts[0] == texts[1]
