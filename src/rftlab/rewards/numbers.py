r"""What an answer is made of: one number, exactly, or several answers in brackets, sets, unions and matrices."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

LARGEST_EXPONENT = 100
"""Of ten in a number: ``3 \\cdot 10^8`` is read, ``10^{1000}`` is not."""

DECIMAL = r"[0-9]{1,100}(?:\.[0-9]{1,100})?"
FRACTION = rf"\\frac\{{(?P<above>-?{DECIMAL})\}}\{{(?P<below>-?{DECIMAL})\}}"
NUMBER = re.compile(
    rf"(?P<sign>-?)(?:{FRACTION}|(?P<whole>[0-9]{{1,100}}){FRACTION.replace('above', 'top').replace('below', 'bottom')}"
    rf"|(?:(?P<mixed>[0-9]{{1,100}}) )?(?P<slashed>{DECIMAL})/(?P<by>{DECIMAL})"
    r"|(?P<before>[0-9]{1,100})\.(?P<fixed>[0-9]{0,100})\\overline\{(?P<period>[0-9]{1,100})\}"
    rf"|(?P<decimal>{DECIMAL})(?:\\cdot ?10\^(?:\{{(?P<power>-?[0-9]{{1,9}})\}}|(?P<digit>[0-9]))"
    r"|[eE](?P<float>[-+]?[0-9]{1,9}))?)"
)
AMOUNT = (
    r"(?:[-−–+] ?)?[$€£¥₹]?-?(?:(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,3}(?: [0-9]{3})+|[0-9]+)(?:\.[0-9]+)?|\.[0-9]+)"
    r"(?: [0-9]+/[0-9]+|/[0-9]+|[eE][-+]?[0-9]+)?(?: ?%|°[CF]?|[€£¢])?"
    r"(?:(?=(?:[kcm]m|[km]g|m[lL]|mph|lbs?|oz|ft|hrs?|mins?|USD)(?![\w^]))"
    r"|(?![\w^/*+=<>(\[{|!²³−–-]|\\(?![)\]])|[.,:][0-9]|:[a-z]|%\w))"
)
"""A number as prose writes it, with its sign, its currency and its percent sign, and nothing that goes on with it."""
WORDS = tuple(
    """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen
    """.split()  # noqa: SIM905
)
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


class ExponentError(ValueError):
    """A power too large to be computed with."""


def number(body: str) -> Fraction | None:
    r"""Value of one number in any finished form; None where there is arithmetic left to do, and for all else.

    Finished are ``-3``, ``0.75``, ``\frac{3}{4}``, ``3/4``, ``2\frac{1}{2}``, ``2 1/2``, ``0.1\overline{6}``,
    ``1.2\cdot10^{5}`` and ``1.2e5``. ``10+2``, ``2^3`` and ``\sqrt{4}`` are not: to accept them would pay for copying
    the question.

    Raises:
        ExponentError: the exponent of ten is beyond ``LARGEST_EXPONENT``.
    """
    while len(body) > 2 and body[0] + body[-1] in ("()", "{}") and _closing(body, 0) == len(body) - 1:
        body = body[1:-1]
    match = NUMBER.fullmatch(body)
    if match is None:
        return None
    part = match.groupdict()
    try:
        if part["above"]:
            value = Fraction(part["above"]) / Fraction(part["below"])
        elif part["whole"]:
            value = int(part["whole"]) + Fraction(part["top"]) / Fraction(part["bottom"])
        elif part["slashed"]:
            value = int(part["mixed"] or 0) + Fraction(part["slashed"]) / Fraction(part["by"])
        elif part["period"]:
            fixed, period = part["fixed"], part["period"]
            value = Fraction(int(part["before"] + fixed + period) - int(part["before"] + fixed))
            value /= 10 ** len(fixed) * (10 ** len(period) - 1)
        else:
            exponent = int(part["power"] or part["digit"] or part["float"] or 0)
            if abs(exponent) > LARGEST_EXPONENT:
                raise ExponentError(f"10^{exponent}")
            value = Fraction(part["decimal"]) * Fraction(10) ** exponent
    except ZeroDivisionError:
        return None
    return -value if part["sign"] else value


def spelt(words: str) -> int | None:
    """Value of a whole number below 1,000,000 in English words, ``fifty-seven``; None for all other texts."""
    total = group = 0
    parts = [word for word in re.split(r"[\s-]+", words.strip().lower()) if word != "and"]
    for word in parts:
        if word in WORDS:
            group += WORDS.index(word)
        elif word in TENS:
            group += 10 * TENS.index(word) + 20
        elif word == "hundred" and group:
            group *= 100
        elif word == "thousand" and group and not total:
            total, group = group * 1000, 0
        else:
            return None
    return total + group if parts else None


@dataclass(frozen=True)
class Several:
    """Several answers in one: what holds them, whether their order counts, and themselves."""

    kind: str
    ordered: bool
    parts: tuple[str, ...]


def several(body: str) -> Several | None:
    r"""Take apart a point or interval ``(1,2]``, a set ``\{1,2\}``, a bare list, a union or a matrix; None: one answer.

    ``a \pm b`` is the bare list ``a+b, a-b``.
    """
    if matrix := re.fullmatch(r"\\begin\{([a-zA-Z]+)\}(.*)\\end\{\1\}", body):
        rows = [row.split("&") for row in re.sub(r"\\newrow ?$", "", matrix[2]).split("\\newrow")]
        shape = "x".join(str(len(row)) for row in rows)
        return Several(f"{matrix[1]} {shape}", True, tuple(cell.strip() for row in rows for cell in row))
    if len(parts := split(body, "\\cup")) > 1:
        return Several("union", False, tuple(parts))
    if body[:2] == "\\{" and body[-2:] == "\\}" and "\\{" not in body[2:]:
        return Several("list", False, tuple(split(body[2:-2], ",")))
    if body[:1] in ("(", "[") and body[-1:] in (")", "]") and _closing(body, 0) == len(body) - 1:
        parts = split(body[1:-1], ",")
        return Several(body[0] + body[-1], True, tuple(parts)) if len(parts) > 1 else None
    if len(parts := split(body, ",")) > 1 or len(parts := split(body, ";")) > 1:
        return Several("list", False, tuple(parts))
    if body.count("\\pm") == 1:
        return Several("list", False, tuple(re.sub(r"\\pm ?", sign, body).removeprefix("+") for sign in "+-"))
    return None


def split(body: str, separator: str) -> list[str]:
    """Parts between separators that stand in no brackets; of a half-open interval either bracket closes either."""
    parts, depth, start = [], 0, 0
    for token in re.finditer(rf"\\[{{}}]|[()\[\]{{}}]|{re.escape(separator)}", body):
        if token[0] == separator:
            if depth == 0:
                parts.append(body[start : token.start()])
                start = token.end()
        else:
            depth += 1 if token[0][-1] in "([{" else -1
    return [part.strip() for part in (*parts, body[start:])]


def _closing(body: str, start: int) -> int:
    """Position of the bracket that closes the one at ``start``; -1 without one."""
    depth = 0
    for bracket in re.finditer(r"[()\[\]{}]", body[start:]):
        depth += 1 if bracket[0] in "([{" else -1
        if depth == 0:
            return start + bracket.start()
    return -1
