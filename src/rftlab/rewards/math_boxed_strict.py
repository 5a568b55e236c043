r"""MATH as the paper scores it: the last ``\boxed{…}``, compared as a normalised string.

Spacing, units, degree and percent signs and ``x =`` in front do not count, ``\dfrac12`` is ``\frac{1}{2}``; the form of
a number does: ``0.5`` is not ``\frac{1}{2}``. Units or names that contradict the answer's are wrong. Source: arXiv
2601.22532 and its scripts.
"""

from __future__ import annotations

from rftlab.rewards import Verdict
from rftlab.rewards._boxes import last_box
from rftlab.rewards._latex import LONGEST, cleaned

STRICT = "math_boxed_strict"
FLEXIBLE = "math_verify"


def verify(completion: str, answer: str) -> Verdict:
    """Compare the content of the last box with the answer, both normalised, as strings.

    Raises:
        ValueError: nothing is left of the answer itself.
    """
    expected = cleaned(answer)
    if not expected.body:
        raise ValueError(f"rewards/math_boxed_strict compares what is in a box; the answer {answer[:40]!r} is empty")
    box = last_box(completion)
    if box is None or not box.strip():
        return Verdict(False, None)
    if len(box) > LONGEST:
        return Verdict(False, f"{box[:LONGEST]}…", "too_long")
    given = cleaned(box)
    if not given.body:
        return Verdict(False, None)
    return Verdict(given.body == expected.body and not given.contradicts(expected), given.body)
