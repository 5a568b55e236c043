r"""MATH as the paper scores it: the last ``\boxed{…}``, compared as a normalised string.

Spacing, units, degree and percent signs and ``x =`` in front do not count, ``\dfrac12`` is ``\frac{1}{2}``; the form of
a number does: ``0.5`` is not ``\frac{1}{2}``. Units or names that contradict the answer's are wrong. Source: arXiv
2601.22532 and its scripts.
"""

from __future__ import annotations

from rftlab.rewards import Judgement
from rftlab.rewards.boxes import last_box
from rftlab.rewards.latex import Answer, judgement_of

STRICT = "math_boxed_strict"
FLEXIBLE = "math_verify"
GOLD = "\\boxed{{{}}}"
LONGEST = 1000
"""Characters; a longer answer is not looked at. The longest of MATH has 159."""


def verify(completion: str, answer: str) -> Judgement:
    """Compare the content of the last box with the answer, both normalised, as strings.

    Raises:
        ValueError: nothing is left of the answer itself.
    """
    what = "rewards/verifiers/math_boxed_strict compares what is in a box"
    return judgement_of(last_box(completion), answer, same, longest=LONGEST, compares=what)


def same(expected: Answer, candidate: Answer) -> Judgement:
    """Compare two normalised answers as strings."""
    equal = candidate.body in expected.readings or candidate.listed == expected.body
    if expected.words and not candidate.words:
        equal = candidate.text == expected.body
    return Judgement(equal and not candidate.contradicts(expected), candidate.body)
