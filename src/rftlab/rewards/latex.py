r"""Answers in LaTeX, cleaned of what carries no value: spacing, sizes of brackets, units, ``x =`` in front.

Facts about the verifier of arXiv 2601.22532 for MATH, a string normaliser: it drops spaces, ``\left`` and ``\right``,
``\!``, dollars, degrees, percent signs, units in ``\text{}`` on the right and a short name before one equals sign, and
writes ``\dfrac`` and ``\tfrac`` as ``\frac``, ``\frac12`` as ``\frac{1}{2}``, ``\sqrt3`` as ``\sqrt{3}``, ``.5`` as
``0.5`` and ``a/b`` as ``\frac{a}{b}``. So does this one. It keeps what it takes off, to refuse a contradiction: metres
are not kilometres, and ``a = 4`` is not ``b = 4``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from rftlab.rewards import Judgement

SPACING = re.compile(r"\\[,;:! ]|\\(?:quad|qquad|displaystyle|limits|phantom\{[^{}]*\})(?![a-zA-Z])|~")
SIZES = re.compile(r"\\(?:left|right|[bB]igg?[lr]?)(?![a-zA-Z])\.?")
TEXT = re.compile(r"\\(?:text|mbox|textbf|textit|textrm|textnormal|mathrm|mathbf|mathit|operatorname)\s*\{([^{}]*)\}")
SYNONYMS = (
    (re.compile(r"\\[dtc]frac(?![a-zA-Z])"), r"\\frac"),
    (re.compile(r"\\leq?(?:slant)?(?![a-zA-Z])|≤"), r"\\le "),
    (re.compile(r"\\geq?(?:slant)?(?![a-zA-Z])|≥"), r"\\ge "),
    (re.compile(r"\\neq?(?![a-zA-Z])|≠"), r"\\ne "),
    (re.compile(r"\\(?:times|ast)(?![a-zA-Z])|[×·]"), r"\\cdot "),
    (re.compile(r"\\l(?:brace|vert)(?![a-zA-Z])"), lambda m: r"\{" if "brace" in m[0] else "|"),
    (re.compile(r"\\r(?:brace|vert)(?![a-zA-Z])"), lambda m: r"\}" if "brace" in m[0] else "|"),
    (re.compile(r"\\lt(?![a-zA-Z])"), "<"),
    (re.compile(r"\\gt(?![a-zA-Z])"), ">"),
    (re.compile(r"\\emptyset(?![a-zA-Z])|∅"), r"\\varnothing "),
    (re.compile(r"[bp]matrix"), "pmatrix"),
    (re.compile(r"∞"), r"\\infty "),
    (re.compile(r"π"), r"\\pi "),
    (re.compile(r"[−–]"), "-"),
)
DEGREES = re.compile(r"\^\{?\\circ\}?|\\degree(?![a-zA-Z])|°")
SPACED = re.compile(r"-?[0-9]+(?:\s+[0-9.]+)+")
GROUPED = re.compile(r"-?[0-9]{1,3}(?:\s[0-9]{3})+(?:\.[0-9]+)?")
THOUSANDS = re.compile(r"\{[0-9]{1,3}(?:,[0-9]{3})+\}")
NAME = r"(?:\\?[a-zA-Z]|[A-Z]+|[a-zA-Z]{3,}|\\(?:angle|triangle) ?[A-Z]+)(?:_\{?\w+\}?)?(?:\([a-zA-Z0-9,]+\))?"
NAMED = re.compile(rf"({NAME}) ?(?:=|\\in(?![a-zA-Z]))(?=[^=]+$)")
TRAILING = re.compile(r"(.*[0-9}])( ?)([a-zA-Z][a-zA-Z .]*[a-zA-Z.])(\^\{?[0-9]\}?)?")
UNIT_NAMES = {
    "mm": "mm millimeter millimetre",
    "cm": "cm centimeter centimetre",
    "m": "m meter metre",
    "km": "km kilometer kilometre",
    "in": "in inch inche",
    "ft": "ft foot feet",
    "yd": "yd yard",
    "mi": "mi mile",
    "s": "s sec second",
    "min": "min minute",
    "h": "h hr hour",
    "day": "day",
    "week": "week",
    "month": "month",
    "year": "yr year",
    "mg": "mg milligram",
    "g": "g gram",
    "kg": "kg kilogram",
    "oz": "oz ounce",
    "lb": "lb pound",
    "cent": "cent ¢",
    "dollar": "dollar usd $",
    "percent": "percent %",
    "degree": "degree deg",
    "radian": "radian rad",
    "am": "a.m. am",
    "pm": "p.m. pm",
    "hundred": "hundred",
    "thousand": "thousand",
    "million": "million",
    "billion": "billion",
    "dozen": "dozen",
}
UNITS = {word: unit for unit, words in UNIT_NAMES.items() for word in words.split()}
MULTIPLES = {"hundred", "thousand", "million", "billion", "dozen"}
"""Not units at all: five million is not five."""


@dataclass(frozen=True)
class Answer:
    """An answer without what carries no value; ``words`` says that it was written as text."""

    body: str
    name: str | None = None
    unit: str | None = None
    words: bool = False

    def contradicts(self, other: Answer) -> bool:
        """Whether both say what is measured, or in what, and say it differently."""
        units = {self.unit, other.unit}
        named = None not in (self.name, other.name) and self.name != other.name
        return named or (None not in units and len(units) > 1) or (len(units) > 1 and bool(units & MULTIPLES))


def judgement_of(
    text: str | None, answer: str, judge: Callable[[Answer, Answer], Judgement], *, longest: int, compares: str
) -> Judgement:
    """What ``judge`` makes of the answer and of the ``text`` found in a completion, both cleaned, where there is one.

    A text of more than ``longest`` characters is extracted, and not judged.

    Raises:
        ValueError: nothing is left of the answer itself; ``compares`` begins the message.
    """
    expected = clean(answer)
    if not expected.body:
        raise ValueError(f"{compares}; the answer {answer[:40]!r} is empty")
    if text is None or not text.strip():
        return Judgement(False, None)
    if len(text) > longest:
        return Judgement(False, f"{text[:longest]}…", "too_long")
    candidate = clean(text)
    return judge(expected, candidate) if candidate.body else Judgement(False, None)


def clean(text: str) -> Answer:
    """Take off what carries no value; time is linear in the length of the text."""
    body = text.strip().replace("\\\\", "\\newrow ").replace("\\$", "$")
    unit = "dollar" if body.startswith("$") and not body.endswith("$") else None
    body = re.sub(r"\\[()]", "", body).replace("$", "").replace("{,}", ",").replace("{}", " ").replace("\n", " ")
    body = body.replace(",\\!", ",").replace("\\%", "%")
    body = SPACING.sub(" ", SIZES.sub("", body))
    for pattern, written in SYNONYMS:
        body = pattern.sub(written, body)
    body, degrees = DEGREES.subn("", body)
    unit = "degree" if degrees else unit
    body, words, measured = _without_text(body.strip().removeprefix("\\approx").strip())
    body = body.strip().rstrip(".,").strip()
    if body.endswith("%"):
        body, measured = body.rstrip("% "), "percent"
    if not words and (trailing := TRAILING.fullmatch(body)):
        number, space, word, power = trailing.groups()
        known = _unit(word, power)
        if known or (space and not power and len(word) > 3 and re.fullmatch(r"[-0-9.,]+", number)):
            body, measured = number, known or measured
    body = re.sub(",{2,}", ",", _compact(body))
    name = None
    if not words and (named := NAMED.match(body)):
        name, body = named[1].replace(" ", ""), body[named.end() :].strip()
    return Answer(_numbers(body.removeprefix("+")), name, measured or unit, words)


def _without_text(body: str) -> tuple[str, bool, str | None]:
    r"""Take ``\text{}`` off: units at the end are dropped, ``and`` becomes a comma, other words stay as they are."""
    parts: list[str] = []
    words, unit, end = False, None, 0
    for match in TEXT.finditer(body):
        parts.append(body[end : match.start()])
        end = match.end()
        content = match[1].strip()
        before = "".join(parts).rstrip()
        rest = re.fullmatch(r"\s*(\^\{?[0-9]\}?)?[\s.,]*", body[end:])
        if re.fullmatch(r",?\s*(?:and|or)", content):
            parts.append(",")
        elif re.search(r"[0-9})a-zA-Z]$", before) and rest and not words and re.fullmatch(r"[a-zA-Z%$. -]*", content):
            unit, end = _unit(content, rest[1]), len(body)
        else:
            parts.append(content)
            words = words or re.search(r"[a-zA-Z]", content) is not None
    parts.append(body[end:])
    return "".join(parts), words, unit


def _unit(text: str, power: str | None) -> str | None:
    """One name for a known unit: ``square inches`` and ``in^2`` are ``in^2``; None for all others."""
    raised = re.sub(r"[^0-9]", "", power or "")
    words = text.lower().strip().split()
    for prefix, dimension in (("square", "2"), ("sq", "2"), ("sq.", "2"), ("cubic", "3"), ("cu", "3"), ("cu.", "3")):
        if words[:1] == [prefix]:
            words, raised = words[1:], dimension
    if len(words) != 1:
        return next((word for word in words if word in MULTIPLES), None)
    word = words[0]
    unit = UNITS.get(word) or UNITS.get(word.rstrip(".")) or UNITS.get(word.rstrip(".").removesuffix("s"))
    return unit and unit + (f"^{raised}" if raised else "")


def _compact(body: str) -> str:
    r"""Drop spaces, save the one that ends a command before a letter, and braces that LaTeX does not need."""
    body = re.sub(r"(\\[a-zA-Z]+)\s+(?=[a-zA-Z])", "\\1\0", body)
    if SPACED.fullmatch(body) and not GROUPED.fullmatch(body):
        body = re.sub(r"\s+", "\0", body)  # 1 8 is not 18
    body = re.sub(r"\s+", "", body).replace("\0", " ")
    body = re.sub(r"\\frac ?(?![{ ])([0-9a-zA-Z]|\\[a-zA-Z]+ ?)", r"\\frac{\1}", body)
    body = re.sub(r"(\\frac\{[^{}]*\}) ?([0-9a-zA-Z])", r"\1{\2}", body)
    body = re.sub(r"\\sqrt ?([0-9a-zA-Z])", r"\\sqrt{\1}", body)
    return re.sub(r"([_^])\{([0-9a-zA-Z])\}", r"\1\2", body)


def _numbers(body: str) -> str:
    if re.fullmatch(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", body):
        body = body.replace(",", "")
    body = THOUSANDS.sub(lambda m: m[0].replace(",", ""), body)
    if fraction := re.fullmatch(r"(-?)([0-9]+)/([0-9]+)", body):
        body = rf"{fraction[1]}\frac{{{fraction[2]}}}{{{fraction[3]}}}"
    return re.sub(r"(?<![0-9.])\.(?=[0-9])", "0.", body)
