"""The last number of the completion, compared exactly: flexible in form, strict in value.

Thousands commas, ``$`` and ``%`` are ignored, ``3/4`` is one number, and a minus sign counts unless it stands after a
letter, a digit or a closing bracket. So 1,200.50 and $1200.5 are equal, and 0.33 is not 1/3.
"""

from __future__ import annotations

import re
from fractions import Fraction

from rftlab.rewards import Judgement

STRICT = "gsm8k_strict"
FLEXIBLE = "numeric"
GOLD = "{}"

LONGEST = 100
"""Characters; a longer number is no answer. Converting digits costs the square of their number."""

NUMBER = (
    r"(?P<minus>(?<![\w)\]])[-−])?\$?"
    r"(?P<numerator>(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?:\.[0-9]+)?|(?<![0-9])\.[0-9]+)"
    r"(?:/(?P<denominator>[0-9]+))?"
)


def verify(completion: str, answer: str) -> Judgement:
    """Compare the last number with the answer, as fractions.

    Raises:
        ValueError: the answer itself is not a number.
    """
    expected = _value(re.fullmatch(NUMBER, answer.strip().rstrip("%")))
    if expected is None:
        raise ValueError(f"rewards/verifiers/numeric compares numbers; the answer {answer[:40]!r} is not one")
    last = None
    for last in re.finditer(NUMBER, completion):  # noqa: B007  (the last match, without keeping the others)
        pass
    value = _value(last)
    return Judgement(value == expected, None if value is None else str(value))


def _value(match: re.Match[str] | None) -> Fraction | None:
    if match is None or len(match[0]) > LONGEST:
        return None
    denominator = int(match["denominator"] or 1)
    if denominator == 0:
        return None
    value = Fraction(match["numerator"].replace(",", "")) / denominator
    return -value if match["minus"] else value
