r"""MATH as the paper scores it: the last ``\boxed{…}`` against the answer, by Hendrycks' string normaliser.

Exactly that rule, with its leniencies and its gaps: ``0.5`` is ``\frac{1}{2}`` and no other decimal is a fraction, a
full stop, a comma in ``58,500`` and brackets around a letter count, ``-3/8`` is ``\frac{-3}{8}`` and not
``-\frac{3}{8}``; everything right of ``\text{ `` is dropped as a unit, whatever it says. For results to be compared
with those of the literature; ``math_boxed_strict`` is the stricter and ``math_verify`` the more discerning choice.

Source: ``is_equiv`` of the MATH dataset (arXiv 2103.03874, hendrycks/math, ``modeling/math_equivalence.py``), by which
arXiv 2601.22532 and the framework it is built on score MATH (verl, ``utils/reward_score/math_reward.py``).
"""

from __future__ import annotations

from rftlab.rewards import Judgement

STRICT = "math_hendrycks"
FLEXIBLE = "math_verify"
GOLD = "\\boxed{{{}}}"
LONGEST = 1000
"""Characters of a box that are kept in a judgement; all of them are compared."""

DROPPED_FIRST = ("\n", "\\!")
DROPPED = ("\\left", "\\right", "^{\\circ}", "^\\circ", "\\$")


class _UnusualError(ValueError):
    """A text in which the rule fails: it is then compared as it stands."""


def verify(completion: str, answer: str) -> Judgement:
    """Compare what is in the last box with the answer; both as they stand where either cannot be normalised.

    Raises:
        ValueError: the answer itself is empty.
    """
    if not answer.strip():
        raise ValueError(f"rewards/verifiers/math_hendrycks compares what is in a box; the answer {answer!r} is empty")
    box = last_box(completion)
    if box is None:
        return Judgement(False, None)
    try:
        correct = normalise(box) == normalise(answer)
    except _UnusualError:
        correct = box == answer
    return Judgement(correct, box if len(box) <= LONGEST else f"{box[:LONGEST]}…")


def last_box(text: str) -> str | None:
    r"""What the rule finds: the last ``\boxed{…}``, every brace counted; None without one, or where it never closes.

    ``\boxed `` with a space goes before, wherever it stands, and holds all up to a dollar sign. ``\fbox`` is none.
    """
    if "\\boxed " in text:
        return text.rpartition("\\boxed ")[2].partition("$")[0]
    start = text.rfind("\\boxed")
    if not text.startswith("\\boxed{", max(start, 0)):
        return None
    depth = 0
    for position in range(start, len(text)):
        depth += (text[position] == "{") - (text[position] == "}")
        if depth == 0 and text[position] == "}":
            return text[start + len("\\boxed{") : position]
    return None


def normalise(text: str) -> str:
    r"""Rewrite an answer by the rule's steps, in their order.

    Raises:
        _UnusualError: two units, or a ``\sqrt`` or ``\frac`` with nothing behind it.
    """
    for piece in DROPPED_FIRST:
        text = text.replace(piece, "")
    text = text.replace("\\\\", "\\").replace("tfrac", "frac").replace("dfrac", "frac")
    for piece in DROPPED:
        text = text.replace(piece, "")
    text, *units = text.split("\\text{ ")
    if len(units) > 1:
        raise _UnusualError
    text = text.replace("\\%", "").replace(" .", " 0.").replace("{.", "{0.")
    if not text:
        return text
    text = "0" + text if text[0] == "." else text
    name, equals, value = text.partition("=")
    if equals and "=" not in value and len(name) <= 2:
        text = value
    text = _fractions(_roots(text).replace(" ", ""))
    return _slashed("\\frac{1}{2}" if text == "0.5" else text)


def _roots(text: str) -> str:
    r"""``\sqrt3`` is ``\sqrt{3}``."""
    first, *others = text.split("\\sqrt")
    if "" in others:
        raise _UnusualError
    return first + "".join("\\sqrt" + (root if root[0] == "{" else f"{{{root[0]}}}{root[1:]}") for root in others)


def _fractions(text: str) -> str:
    r"""``\frac12`` and ``\frac1{2}`` are ``\frac{1}{2}``; all stays as it was where one has half a fraction."""
    first, *others = text.split("\\frac")
    written = [first]
    for part in others:
        if not part:
            raise _UnusualError
        if part[0] == "{":
            written.append(f"\\frac{part}")
        elif len(part) < 2:
            return text
        else:
            below = part[1:] if part[1] == "{" else f"{{{part[1]}}}{part[2:]}"
            written.append(f"\\frac{{{part[0]}}}{below}")
    return "".join(written)


def _slashed(text: str) -> str:
    r"""``a/b`` of two whole numbers, written canonically, is ``\frac{a}{b}``."""
    above, slash, below = text.partition("/")
    if not slash or not (_whole(above) and _whole(below)):
        return text
    return f"\\frac{{{above}}}{{{below}}}"


def _whole(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit() and (text == "0" or digits[0] != "0")
