r"""Whether an expression that has the right value is an answer, or the question copied: arithmetic is left to do.

Both expressions are trees of sympy that nothing has evaluated, as they were written. A candidate may leave to do only
what the answer itself leaves to do: no like terms or factors to collect, no brackets to multiply out (or to put), no
powers to take, no more roots, functions and imaginary units than the answer has, and not many more letters and numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

MOST_TERMS = 200
"""Terms that a bracket is multiplied out into, at most; the longest answers of MATH have 10."""


def as_finished(gold: Any, target: Any) -> bool:
    """Whether the target leaves no more to do than the gold expression; true of what is no expression."""
    import sympy

    if not isinstance(gold, sympy.Expr) or not isinstance(target, sympy.Expr):
        return True
    return all(not unfinished(target) or unfinished(gold) for unfinished in UNFINISHED) and not (
        _leaves(target) > 1 + 1.25 * _leaves(gold)
        or _functions(target) - _functions(gold)
        or _roots(target) > max(1, _roots(gold))
        or _count(target, "i") > max(1, _count(gold, "i"))
        or not _same_form(gold, target)
    )


def _same_form(gold: Any, target: Any) -> bool:
    """Whether both are factored or neither is, and a polynomial is compared with a polynomial."""
    symbols = gold.free_symbols
    if not symbols:
        return True
    polynomial = gold.is_polynomial(*symbols) and not target.is_polynomial(*symbols)
    return not polynomial and _factored(gold) == _factored(target)


def _leaves(expression: Any) -> int:
    """How many letters and numbers other than 1 it is written with."""
    return sum(not node.args and abs(node) != 1 for node in _nodes(expression))


def _nodes(expression: Any) -> Iterator[Any]:
    import sympy

    return iter(sympy.preorder_traversal(expression))


def _parts(node: Any) -> list[Any]:
    """Terms of a sum, factors of a product, those of a sum in a sum too; minus signs are no factors."""
    kind = type(node)
    parts: list[Any] = []
    for part in node.args:
        parts += _parts(part) if isinstance(part, kind) else [part]
    return [part for part in parts if kind.__name__ != "Mul" or part not in (-1, 1)]


def _sums(expression: Any) -> Iterator[Any]:
    import sympy

    return (node for node in _nodes(expression) if isinstance(node, sympy.Add))


def _like_terms(expression: Any) -> bool:
    """Terms of a sum, each multiplied out, that can be added up: ``w+6w``, ``2(x+1)-3``, ``1+2``."""
    import sympy

    for node in _sums(expression):
        terms = [term for part in _parts(node) for term in _terms(part)]
        if len(terms) > MOST_TERMS or len(sympy.Add.make_args(sympy.Add(*terms))) < len(terms):
            return True
    return False


def _terms(part: Any) -> list[Any]:
    import sympy

    for power in part.atoms(sympy.Pow):
        if power.exp.is_Integer and abs(power.exp) > 20 and power.base.is_Add:
            return [part]
    return list(sympy.Add.make_args(sympy.expand(part.doit(), deep=False)))


def _like_factors(expression: Any) -> bool:
    r"""Factors that can be multiplied: ``p^3p^4``, ``3\cdot4x``; not ``\frac{3}{4}x``, which is one number."""
    import sympy

    for node in _nodes(expression):
        if not isinstance(node, sympy.Mul):
            continue
        above = [part for part in _parts(node) if not (isinstance(part, sympy.Pow) and part.exp.is_negative)]
        numbers = [part for part in above if part.is_Rational]
        below = [part for part in _parts(node) if isinstance(part, sympy.Pow) and part.exp.is_negative]
        if len(numbers) > 1 or sum(part.base.is_Rational for part in below) > 1:
            return True
        bases = Counter(part.as_base_exp()[0] for part in [*above, *below] if not part.as_base_exp()[0].is_Rational)
        if any(number > 1 for number in bases.values()):
            return True
    return False


def _powers(expression: Any) -> bool:
    r"""Powers to be taken: ``2^3``, ``(2c^2)^3``, ``(x^2)^3``, ``\sqrt{16}``."""
    import sympy

    for node in _nodes(expression):
        if not isinstance(node, sympy.Pow) or node.exp == -1:
            continue
        if isinstance(node.base, sympy.Mul) and node.exp.is_Integer:
            return True
        if isinstance(node.base, sympy.Pow) and node.exp.is_Rational:
            return True
        if node.base.is_Rational and node.exp.is_Rational and _power_is_rational(node):
            return True
    return False


def _power_is_rational(node: Any) -> bool:
    if abs(node.exp) > 10_000 or len(str(node.base)) > 100:
        return True
    return bool(node.doit().is_Rational)


def _nested_products(expression: Any) -> bool:
    r"""Sums that are multiplied by sums or raised to powers; ``2(3+\sqrt5)`` is none."""
    import sympy

    for node in _nodes(expression):
        if isinstance(node, sympy.Mul) and sum(isinstance(part, sympy.Add) for part in _parts(node)) > 1:
            return True
        if isinstance(node, sympy.Pow) and isinstance(node.base, sympy.Add) and node.exp.is_Integer and node.exp > 1:
            return True
    return False


def _irrational_denominators(expression: Any) -> bool:
    r"""Sums of roots or with i below a fraction bar, as in ``\frac{2}{\sqrt5-1}``."""
    import sympy

    return any(
        isinstance(node, sympy.Pow) and node.exp.is_negative and (_count(node.base, "i") or _summed_roots(node.base))
        for node in _nodes(expression)
    )


def _summed_roots(expression: Any) -> bool:
    return any(_roots(node) for node in _sums(expression))


def _factored(expression: Any) -> bool:
    """Whether brackets with letters in them are multiplied by anything but a fraction, or raised to a power."""
    import sympy

    for node in _nodes(expression):
        if isinstance(node, sympy.Mul):
            factors = _parts(node)
            others = [part for part in factors if not (isinstance(part, sympy.Pow) and part.exp.is_negative)]
            if len(others) > 1 and any(isinstance(part, sympy.Add) and part.free_symbols for part in others):
                return not _is_fraction_of_sum(others)
        if isinstance(node, sympy.Pow) and isinstance(node.base, sympy.Add) and node.base.free_symbols:
            return bool(node.exp.is_Integer and node.exp > 1)
    return False


def _is_fraction_of_sum(factors: list[Any]) -> bool:
    return all(part.is_Add or (part.is_Rational and part.p == 1) for part in factors) and len(factors) == 2


def _roots(expression: Any) -> int:
    """How many roots stand above fraction bars; those below are counted where there are none above."""
    import sympy

    def count(node: Any, below: bool) -> int:
        if isinstance(node, sympy.Pow) and node.exp.is_negative:
            below = True
        own = isinstance(node, sympy.Pow) and node.exp.is_Rational and not node.exp.is_Integer and not below
        return own + sum(count(part, below) for part in node.args)

    return count(expression, False)


def _functions(expression: Any) -> Counter[str]:
    """How often each function occurs."""
    import sympy

    return Counter(
        type(node).__name__
        for node in _nodes(expression)
        if isinstance(node, sympy.Function) and not isinstance(node, sympy.Abs | sympy.exp)
    )


def _count(expression: Any, name: str) -> int:
    return sum(getattr(node, "name", None) == name for node in _nodes(expression))


UNFINISHED: tuple[Callable[[Any], bool], ...] = (
    _like_terms,
    _like_factors,
    _powers,
    _nested_products,
    _irrational_denominators,
)
