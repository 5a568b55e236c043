"""Single expressions compared by value with math-verify, behind guards against what that package lets pass.

It is asked last: what could take for ever, or would be accepted and is no answer, has been refused before.
"""

from __future__ import annotations

import functools
import logging
import re
from fractions import Fraction
from typing import Any

from rftlab.rewards.finished import as_finished
from rftlab.rewards.numbers import ExponentError, number

DEEPEST = 8
"""Brackets in brackets of an answer that is parsed, in time exponential in them; those of MATH are at most 3."""
LARGEST_EXPONENT = 10_000
"""Of any power; those of MATH are below 5,000."""
DIGITS = 60
"""In which two values that math-verify takes for equal, to 15 digits, must agree."""

EVALUATED = re.compile(
    r"\\(?:arc)?(?:sin|cos|tan|cot|sec|csc)h?|\\(?:log|ln|lg|exp|binom|sum|prod|int|lim|max|min|gcd|lcm|det|lfloor|lceil"
    r"|bmod|pmod|mod|choose|vec|deg|arg|Re|Im)(?![a-zA-Z])|!|\\[dt]binom"
)
RELATION = re.compile(r"=|<|>|\\(?:le|ge|ne|approx|equiv|sim|in|to|Rightarrow|implies|subset)(?![a-zA-Z])")
DECIMAL = re.compile(r"(?<![0-9.])([0-9]*)\.([0-9]+)")


class DepthError(ValueError):
    """Too many brackets in brackets, or too many parts."""


class UnparsedError(ValueError):
    """Math-verify finds no expression in the text."""


def same_expression(expected: str, candidate: str) -> bool:
    """Whether two cleaned expressions, neither of them one number or several answers, have the same value.

    Raises:
        ExponentError, DepthError: it could take for ever to tell.
        UnparsedError: the candidate cannot be read.
    """
    if ":" in expected + candidate or not re.search(r"[0-9a-zA-Z]", candidate):
        return False
    if base := re.fullmatch(r"([0-9A-Z]+)_(?:\{[0-9]+\}|[0-9])", expected):
        return candidate == base[1]
    if re.search(r"[0-9]_", candidate):
        return False
    if EVALUATED.search(candidate) and not EVALUATED.search(expected):
        return False
    if not candidate.isascii() or re.search(r"[0-9] \.?[0-9]", candidate):
        return False  # 1 8 is not 18, and nobody knows what math-verify makes of other alphabets
    if _letters(candidate) - _letters(expected):  # math-verify takes X for x
        return False
    relations = [RELATION.findall(text) for text in (expected, candidate)]
    if len(relations[0]) != len(relations[1]) or (relations[0] == ["="]) != (relations[1] == ["="]):
        return False
    check_caps(candidate)
    gold, target = parse(expected), parse(candidate)
    if target is None:
        raise UnparsedError
    if gold is None:
        return False
    if relations[0] == ["="]:
        return _same_equation(gold, target)
    if _differ(gold, target):
        return False
    return as_finished(gold, target) and _verified(gold, target) and _same_digits(gold, target)


def near(exact: str, decimal: str) -> bool:
    """Whether a decimal is the exact value but for its last place, in which it may be cut or rounded."""
    match = re.fullmatch(r"-?[0-9]{1,40}(?:\.([0-9]{1,40}))?", decimal)
    value = number(exact)
    if match is None:
        return False
    if value is None:
        expression = parse(exact)
        values = None if expression is None else _values(expression, expression, 50)
        if values is None or expression.free_symbols:
            return False
        value = Fraction(str(values[0])) if values[0].is_real else None
    return value is not None and abs(value - Fraction(decimal)) < Fraction(1, 10 ** len(match[1] or ""))


def _letters(text: str) -> set[str]:
    return set(re.findall("[a-zA-Z]", re.sub(r"\\[a-zA-Z]+", "", text)))


def check_caps(text: str) -> None:
    """Refuse what could take for ever, before it is parsed.

    Raises:
        ExponentError: a power of a power, or one beyond ``LARGEST_EXPONENT``, or a huge factorial.
        DepthError: brackets in brackets, beyond ``DEEPEST``.
    """
    depth = 0
    for bracket in re.finditer(r"[\[({\])}]", text):
        depth += 1 if bracket[0] in "[({" else -1
        if depth > DEEPEST:
            raise DepthError
    for exponent in re.finditer(r"\^(\{[^{}]*\}|\{.*\}|.)|([0-9]+)\)*!", text):
        inner = exponent[1] or exponent[2]
        if "^" in inner or any(len(n) > 6 or int(n) > LARGEST_EXPONENT for n in re.findall("[0-9]+", inner)):
            raise ExponentError
    if any(len(n) > 100 for n in re.findall("[0-9]+", text)):
        raise ExponentError


@functools.lru_cache(maxsize=512)
def parse(text: str) -> Any:
    """The sympy expression of one LaTeX expression, decimals as exact fractions; None where it cannot be parsed."""
    package = _package()
    exact = DECIMAL.sub(lambda m: rf"\frac{{{m[1]}{m[2]}}}{{1{'0' * len(m[2])}}}", text)
    # no time limits of its own: they are alarms, and this process has a limit that cannot be caught
    expressions = package.parse(
        f"\\boxed{{{exact}}}", _configuration(), parsing_timeout=None, fallback_mode="no_fallback"
    )
    return expressions[0] if expressions and not isinstance(expressions[0], str) else None


@functools.cache
def _package() -> Any:
    import math_verify  # a second to import, and only some answers need it

    # what it logs is that its time limits are off, and which answers it cannot read: counted as failures here
    logging.getLogger("math_verify").setLevel(logging.ERROR)
    return math_verify


@functools.cache
def _configuration() -> Any:
    package = _package()
    # units were taken off before; math-verify's own list of them holds single letters, and reads 4t as 4
    normalised = package.LatexNormalizationConfig(
        basic_latex=True, units=False, malformed_operators=True, nits=True, boxed="last"
    )
    return [package.LatexExtractionConfig(boxed_match_priority=0, normalization_config=normalised)]


def _verified(gold: Any, target: Any) -> bool:
    return bool(_package().verify(gold, target, timeout_seconds=None))


def _differ(gold: Any, target: Any) -> bool:
    """Whether two expressions have clearly different values: most have, and simplifying their difference takes long."""
    values = _values(gold, target, 15)
    return values is not None and bool(abs(values[0] - values[1]) > 1e-6 * max(abs(values[0]), abs(values[1])))


def _same_digits(gold: Any, target: Any) -> bool:
    """Whether two expressions agree in ``DIGITS`` digits, however small they are; true of what has no value."""
    values = _values(gold, target, DIGITS + 15)
    return values is None or bool(abs(values[0] - values[1]) * 10**DIGITS <= max(abs(values[0]), abs(values[1])))


def _values(gold: Any, target: Any, digits: int) -> list[Any] | None:
    """Of two expressions where their symbols are 1.37, 2.5, 3.63, …; None where either has no finite value."""
    import sympy

    if not isinstance(gold, sympy.Expr) or not isinstance(target, sympy.Expr):
        return None
    names = sorted({symbol.name for symbol in gold.free_symbols | target.free_symbols})
    points = {name: sympy.Rational(137 + 113 * i, 100) for i, name in enumerate(names)}
    values = [side.evalf(digits, subs={s: points[s.name] for s in side.free_symbols}) for side in (gold, target)]
    return values if all(value.is_number and value.is_finite for value in values) else None


def _same_equation(gold: Any, target: Any) -> bool:
    """Whether one side minus the other is the same up to a constant factor: both sides of both may be arranged anyhow.

    Not by solutions, as math-verify does: two equations without any would be the same.
    """
    import sympy

    if not isinstance(gold, sympy.Eq) or not isinstance(target, sympy.Eq):
        return False
    difference = gold.lhs - gold.rhs
    if difference.free_symbols != (target.lhs - target.rhs).free_symbols or not difference.free_symbols:
        return False
    ratio = sympy.simplify((target.lhs - target.rhs) / difference)
    return bool(ratio.is_number and ratio.is_finite and not ratio.is_zero)
