"""How near a wrong number is: v = max(0, 1 − |x − a| / (scale·max(1, |a|))), 0 of a right one and of none.

x is the number that the study's verifier extracted, a the answer, both as `12`, `-3.5` or `2/3`; anything else is none.
At n = 1 the formula is the same. Where the other rewards of a query are equal it tells near from far.
Source: partial credit by distance, as it is customary for tasks with numbers; no paper's formula.
"""

import re

import numpy as np

from rftlab.rewards.terms import Floats, Scored

RANGES = {"scale": "(0, inf)"}
VALUES = (0.0, 1.0)
NUMBER = re.compile(r"([+-]?[0-9]{1,30}(?:\.[0-9]{1,30})?)(?:/([0-9]{1,30}))?")


def term(scored: Scored, *, scale: float = 1.0) -> Floats:
    """Return values_N, from 0 to 1; at ``scale`` times the answer's size, or 1, the value has fallen to 0."""
    wrong_N = [None if record.score.correct else number(record.score.extracted) for record in scored.records]
    values = [nearness(x, number(r.answer), scale) for x, r in zip(wrong_N, scored.records, strict=True)]
    return np.array(values, dtype=np.float64)


def nearness(x: float | None, a: float | None, scale: float) -> float:
    """Return 1 where both are equal, less with their distance, and 0 where one of them is none."""
    return 0.0 if x is None or a is None else max(0.0, 1.0 - abs(x - a) / (scale * max(1.0, abs(a))))


def number(text: str | None) -> float | None:
    """Return the number that a text is, or None."""
    match = NUMBER.fullmatch((text or "").strip().replace(",", ""))
    if match is None or (match[2] and not int(match[2])):
        return None
    return float(match[1]) / float(match[2] or 1)
