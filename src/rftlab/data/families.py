"""Families of arithmetic chains with worked solutions: pure functions of an explicit generator.

A query ends in ``=``. Its solution lists the partial results, each followed by ``;``, then ``#`` and the answer::

    chains     3+4-2=       7;#5        three plus four minus two=
    products   3*7*2|10=    1;#2        three times seven times two, last digit=

To add a family: a frozen dataclass beside these two, and its name in ``FAMILIES``.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import ClassVar

from rftlab.data.queries import DataError, Query, query_id
from rftlab.data.spelling import LARGEST, spell

FORMS = ("symbols", "words")
TRIES = 1_000
"""Attempts at one query; where fewer than about one in a hundred problems is allowed, the parameters are refused."""

MOST_TERMS = 12
OPERATOR_WORDS = {"+": "plus", "-": "minus", "*": "times"}


@dataclass(frozen=True)
class Family:
    """What the families share: a chain of numbers joined by operators, evaluated from left to right.

    ``terms`` are the numbers of terms that occur, equally often; numbers are uniform on low..high.
    """

    terms: tuple[int, ...] = (3,)
    low: int = 0
    high: int = 9
    form: str = "symbols"

    name: ClassVar[str]
    suffix: ClassVar[dict[str, str]] = {"symbols": "=", "words": "="}

    def __post_init__(self) -> None:
        """Refuse what cannot be generated, naming the key."""
        if not isinstance(self.terms, tuple) or not self.terms or not all(map(is_integer, self.terms)):
            raise DataError(f"terms: a list of whole numbers is needed, for instance [3], not {_as_list(self.terms)}")
        if not all(2 <= count <= MOST_TERMS for count in self.terms) or len(set(self.terms)) < len(self.terms):
            raise DataError(f"terms: different numbers from 2 to {MOST_TERMS} are needed, not {_as_list(self.terms)}")
        for key in ("low", "high"):
            if not is_integer(getattr(self, key)):
                raise DataError(f"{key}: a whole number is needed, not {getattr(self, key)!r}")
        if not 0 <= self.low <= self.high <= LARGEST:
            raise DataError(f"low, high: 0 ≤ low ≤ high ≤ {LARGEST} is needed, not {self.low} and {self.high}")
        if self.form not in FORMS:
            raise DataError(f"form: one of {', '.join(FORMS)} is needed, not {self.form!r}")

    @property
    def signs(self) -> str:
        """Operators that may join two terms, as characters."""
        raise NotImplementedError

    def apply(self, left: int, sign: str, right: int) -> int | None:
        """Return one partial result, or None where the family allows none."""
        raise NotImplementedError

    def draw(self, rng: random.Random) -> Query:
        """Draw one query, uniformly among those the family allows with a number of terms."""
        count = rng.choice(self.terms)
        for _ in range(TRIES):
            numbers = [rng.randint(self.low, self.high) for _ in range(count)]
            signs = [rng.choice(self.signs) for _ in range(count - 1)]
            partials = self._partials(numbers, signs)
            if partials is not None:
                return self._query(numbers, signs, partials)
        raise DataError(
            f"terms: {self.name} allow hardly any query of {count} terms with these parameters; "
            "take fewer terms, or allow negatives"
        )

    def charset(self) -> str:
        """Return every character that a query or a solution can hold, sorted."""
        characters = set("0123456789;#") | set(self.suffix[self.form])
        if self.form == "symbols":
            characters |= set(self.signs)
        else:
            words = [spell(n) for n in range(self.low, self.high + 1)] + [OPERATOR_WORDS[s] for s in self.signs]
            characters |= set(" ".join(words))
        return "".join(sorted(characters))

    def _partials(self, numbers: list[int], signs: list[str]) -> list[int] | None:
        partials: list[int] = []
        result = numbers[0]
        for sign, number in zip(signs, numbers[1:], strict=True):
            value = self.apply(result, sign, number)
            if value is None:
                return None
            partials.append(result := value)
        return partials

    def _query(self, numbers: list[int], signs: list[str], partials: list[int]) -> Query:
        if self.form == "symbols":
            body = str(numbers[0]) + "".join(f"{s}{n}" for s, n in zip(signs, numbers[1:], strict=True))
        else:
            pairs = zip(signs, numbers[1:], strict=True)
            body = spell(numbers[0]) + "".join(f" {OPERATOR_WORDS[s]} {spell(n)}" for s, n in pairs)
        text, answer = body + self.suffix[self.form], str(partials[-1])
        solution = "".join(f"{partial};" for partial in partials[:-1]) + f"#{answer}"
        return Query(query_id(text), text, answer, {"solution": solution, "family": self.name, "terms": len(numbers)})


@dataclass(frozen=True)
class Chains(Family):
    """Sums and differences; unless ``negatives``, no partial result is below zero."""

    operators: str = "+-"
    negatives: bool = False

    name: ClassVar[str] = "chains"

    def __post_init__(self) -> None:
        """Refuse what cannot be generated, naming the key."""
        super().__post_init__()
        if self.operators not in ("+", "-", "+-", "-+"):
            raise DataError(f"operators: '+', '-' or '+-' is needed, not {self.operators!r}")
        if not isinstance(self.negatives, bool):
            raise DataError(f"negatives: true or false is needed, not {self.negatives!r}")

    @property
    def signs(self) -> str:
        """Sum, difference, or both."""
        return "".join(sorted(self.operators))

    def apply(self, left: int, sign: str, right: int) -> int | None:
        """Add or subtract; None for a negative result that is not allowed."""
        value = left + right if sign == "+" else left - right
        return value if value >= 0 or self.negatives else None

    def charset(self) -> str:
        """Return every character that a query or a solution can hold, sorted."""
        return "".join(sorted(set(super().charset()) | set("-" if self.negatives else "")))


@dataclass(frozen=True)
class Products(Family):
    """Last digit of a product: every partial result is taken modulo 10."""

    terms: tuple[int, ...] = (3, 4)  # three digits alone make 729 queries, too few for the default sizes
    low: int = 1  # a zero makes the answer zero

    name: ClassVar[str] = "products"
    suffix: ClassVar[dict[str, str]] = {"symbols": "|10=", "words": ", last digit="}

    @property
    def signs(self) -> str:
        """Multiplication."""
        return "*"

    def apply(self, left: int, sign: str, right: int) -> int:  # noqa: ARG002
        """Multiply modulo 10."""
        return left * right % 10


FAMILIES: dict[str, type[Family]] = {family.name: family for family in (Chains, Products)}


def is_integer(value: object) -> bool:
    """Tell whether a value is a whole number; true and false are not."""
    return isinstance(value, int) and not isinstance(value, bool)


def _as_list(terms: object) -> str:
    return repr(list(terms) if isinstance(terms, tuple) else terms)
