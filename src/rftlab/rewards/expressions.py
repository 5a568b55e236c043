"""Single expressions compared by value with math-verify, behind guards against what that package lets pass.

It is asked last: what could take for ever, or would be accepted and is no answer, has been refused before.
"""

from __future__ import annotations

import functools
import logging
import re
from typing import Any

from rftlab.rewards.numbers import ExponentError

DEEPEST = 8
"""Brackets in brackets of an answer that is parsed, in time exponential in them; those of MATH are at most 3."""
LARGEST_EXPONENT = 10_000
"""Of any power; those of MATH are below 5,000."""
DIGITS = 60
"""In which two irrational numbers that math-verify takes for equal, to 15 digits, must agree."""

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
    return _as_finished(gold, target) and _verified(gold, target) and _same_digits(gold, target)


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
    """Whether two expressions have clearly different values where their symbols are 1.37, 2.5, 3.63, …: most have.

    Computed in a fraction of the time in which math-verify simplifies their difference.
    """
    import sympy

    if not isinstance(gold, sympy.Expr) or not isinstance(target, sympy.Expr):
        return False
    names = sorted({symbol.name for symbol in gold.free_symbols | target.free_symbols})
    points = {name: sympy.Float(1.37 + 1.13 * i) for i, name in enumerate(names)}
    values = [side.evalf(15, subs={s: points[s.name] for s in side.free_symbols}) for side in (gold, target)]
    if not all(value.is_number and value.is_finite for value in values):
        return False
    return bool(abs(values[0] - values[1]) > 1e-6 * max(1, abs(values[0])))


def _as_finished(gold: Any, target: Any) -> bool:
    """Whether the target leaves no more arithmetic to do than the gold expression."""
    import sympy

    if not isinstance(gold, sympy.Expr) or not isinstance(target, sympy.Expr):
        return True
    if _unfinished(target) and not _unfinished(gold):
        return False
    symbols = gold.free_symbols
    if not symbols or not gold.is_polynomial(*symbols):
        return True
    if not target.is_polynomial(*symbols):
        return False
    return _expanded(gold) == _expanded(target)


def _unfinished(expression: Any) -> bool:
    """Whether two rational numbers in it wait to be added or multiplied, or one to be raised to a power."""
    import sympy

    for node in sympy.preorder_traversal(expression):
        rational = [argument for argument in node.args if not argument.free_symbols and argument.doit().is_Rational]
        if isinstance(node, sympy.Add) and len(rational) > 1:
            return True
        if isinstance(node, sympy.Mul) and sum(abs(r.doit()) != 1 and r.doit().q == 1 for r in rational) > 1:
            return True
        if isinstance(node, sympy.Pow) and len(rational) == 2 and node.exp != -1 and node.doit().is_Rational:
            return True
    return False


def _expanded(expression: Any) -> bool:
    evaluated = expression.doit()
    return bool(evaluated == evaluated.expand())


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


def _same_digits(gold: Any, target: Any) -> bool:
    """Whether two irrational numbers agree in ``DIGITS`` digits; true of everything that is no number."""
    import sympy

    if not all(isinstance(side, sympy.Expr) and side.is_number for side in (gold, target)):
        return True
    scale = max(1, abs(sympy.N(gold, 15)))
    return bool(abs(sympy.N(gold - target, 2 * DIGITS)) < scale * sympy.Float(10) ** -DIGITS)
