r"""Answers in LaTeX, cleaned of what carries no value: spacing, sizes of brackets, units, ``x =`` in front.

A string normaliser: it drops spaces, ``\left`` and ``\right``, ``\!``, dollars, degrees, percent signs, units on the
right and a name before one equals sign, and writes ``\dfrac`` and ``\tfrac`` as ``\frac``, ``\frac12`` as
``\frac{1}{2}``, ``\sqrt3`` as ``\sqrt{3}``, ``.5`` as ``0.5`` and ``a/b`` as ``\frac{a}{b}`` (other spellings: module
``notation``). It keeps what it takes off, to refuse a contradiction: metres are not kilometres, ``a = 4`` is not
``b = 4``, and ``4`` with words that are no unit is not ``4``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from rftlab.rewards import Judgement
from rftlab.rewards.notation import DEGREES, single_backslashes, written
from rftlab.rewards.units import HEDGES, MULTIPLES, UNIT_NAMES, multiple_in, unit_of

__all__ = ["MULTIPLES", "UNIT_NAMES", "Answer", "clean", "judgement_of", "unnamed"]

TEXT = re.compile(
    r"\\(text|mbox|textbf|textit|textrm|textnormal|mathrm|mathbf|mathit|mathsf|boldsymbol|bm|operatorname)"
    r"\s*\{([^{}]*)\}"
)
SYMBOL_FONTS = ("mathrm", "mathbf", "mathit", "mathsf", "boldsymbol", "bm")
GROUPED = re.compile(r"-?[0-9]{1,3}(?:\s[0-9]{3})+(?:\.[0-9]+)?")
THOUSANDS = re.compile(r"\{[0-9]{1,3}(?:,[0-9]{3})+\}")
BETWEEN = re.compile(r"(?<=[0-9)}\]])\s*,?\s+(?:and|or)\s+(?=[-+\\({0-9a-z])")
SYMBOL = r"(?:[a-zA-Z]|\\[a-zA-Z]+)"
SUBSCRIPT = r"(?:_(?:\{[^{}=]*\}|\\?\w))?"
NAME = (
    rf"(?:{SYMBOL}{SUBSCRIPT}'*(?:(?:\^\{{-1\}})?\([-a-zA-Z0-9,]+\))?"  # x, x_1, x', f(2), f^{-1}(3)
    rf"|m?\\(?:angle|triangle) ?[A-Z]+|\|?(?:\\overline\{{)?[A-Z]{{2}}\}}?\|?|\[[A-Z]{{3,}}\]"  # angles, lengths, areas
    rf"|\({SYMBOL}{SUBSCRIPT}(?:,{SYMBOL}{SUBSCRIPT})+\)"  # (p,q)
    r"|(?i:(?:area|perimeter|volume|length|width|height|radius|diameter|distance|speed|slope|probability|angle"
    r"|sum|product"
    r"|total|number|answer|value|age|price|cost|time|mean|median|mode|range|average|ratio|solution|result)s?))"
)
NAMED = re.compile(rf"({NAME}) ?(?:=|\\in(?![a-zA-Z]))(?=[^=]+$)")
NAME_BEFORE = re.compile(rf"({NAME}) ?=")
CONGRUENT = re.compile(rf"({NAME}) ?\\equiv ?(-?[0-9]+) ?\(?\\?(?:pmod|bmod|mod) ?(?:\{{([0-9]+)\}}|([0-9]+)\)?)")
NOT_NAMES = re.compile(r"\\(?:frac|sqrt|sin|cos|tan|log|ln|int|sum|prod|pm|cdot|pi|infty|newrow)(?![a-zA-Z])")
TRAILING = re.compile(r"(.*[0-9}\])])( ?)([a-zA-Z][a-zA-Z ./²³]*)(\^\{?[0-9]\}?)?")
WRITTEN_OUT = re.compile(r"([-+]?[$€£]?[0-9][0-9:.,/]*)\s*([a-zA-Z%][a-zA-Z ./²³^]*)")
TEXT_NAME = re.compile(r"([a-zA-Z][a-zA-Z ]*?)(?: *[=:]| is| are)?")
AFTER_TEXT = re.compile(r"\s*(\^\{?[0-9]\}?)?[\s.,]*")
CURRENCIES = {"$": "dollar", "€": "euro", "£": "sterling", "¥": "yen", "₹": "rupee", "¢": "cent"}
LISTED = "\1"
"""Marks a comma that separates numbers, until thousands are joined."""


@dataclass(frozen=True)
class Answer:
    """An answer without what carries no value; ``words`` says that it was written as text.

    ``listed``: the same answer where commas separate numbers instead of thousands, if both can be meant: ``45,135``.
    ``strange``: what stands in ``unit`` is no unit that is known. ``text``: its body with spaces between words.
    """

    body: str
    name: str | None = None
    unit: str | None = None
    words: bool = False
    listed: str | None = field(default=None, compare=False)
    strange: bool = field(default=False, compare=False)
    text: str = field(default="", compare=False)

    @property
    def readings(self) -> tuple[str, ...]:
        """What its body can mean."""
        return (self.body,) if self.listed is None else (self.body, self.listed)

    def contradicts(self, expected: Answer) -> bool:
        """Whether both say what is measured, or in what, and say it differently; or one means a multiple of the other.

        Words of which nobody knows that they are a unit contradict all but themselves, unless they are expected.
        """
        if None not in (self.name, expected.name) and self.name != expected.name:
            return True
        units = {self.unit, expected.unit}
        if len(units) == 1:
            return False
        if units & MULTIPLES or self.strange:
            return True
        if expected.strange:  # of ``14 right triangles`` triangles are the unit
            return self.unit not in (None, unit_of((expected.unit or "").split()[-1]))
        return None not in units


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
    unit, body = _currency(single_backslashes(text.strip()))
    body = re.sub(r"(?<!\\)\\[()]", "", body).replace("$", "").replace("{,}", ",").replace("{}", " ").replace("\n", " ")
    body = written(body.replace(",\\!", ",").replace("\\%", "%"))
    body, degrees = DEGREES.subn("", BETWEEN.sub(", ", body))
    if degrees:
        scale = re.fullmatch(r"(.*[0-9])\s*(?:\\(?:text|mathrm)\{ *)?([CF])\}?", body.strip())
        body, unit = (scale[1], f"°{scale[2]}") if scale else (body, "degree")
    name, body = _text_name(body.strip().removeprefix("\\approx").strip())
    body, words, measured = _without_text(body)
    body = re.sub(r"(?<![.,])[.,]$", "", body.strip()).strip()
    if words and (value := WRITTEN_OUT.fullmatch(body)) and unit_of(value[2]):
        body, words, measured = value[1].lstrip("$€£"), False, value[2]
    if body.endswith("%"):
        body, measured = body.rstrip("% "), "percent"
    if not words and measured is None and (trailing := TRAILING.fullmatch(body)):
        number, space, word, power = trailing.groups()
        known = len(word) > 1 and unit_of(word, power)  # 4 t is 4·t
        if known or (space and not power and len(word) > 3 and re.fullmatch(r"[-0-9.,]+", number)):
            body, measured = number, word + (power or "")
    measured, strange = _measure(measured)
    text = re.sub(",{2,}", ",", _of_words(body))
    if words:
        return Answer(text, name, measured or unit, True, None, strange, text)
    body = re.sub(",{2,}", ",", _compact(body))
    if congruent := CONGRUENT.fullmatch(body):
        name, body, measured = congruent[1], congruent[2], f"mod {congruent[3] or congruent[4]}"
    elif (named := NAMED.match(body) or _named_number(body)) and not NOT_NAMES.match(body):
        name, body = named[1].replace(" ", ""), body[named.end() :].strip()
    apart = _numbers(body.removeprefix("+"))
    joined = apart.replace(",", "") if re.fullmatch(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", apart) else apart
    listed = apart if joined != apart and "." not in apart else None
    return Answer(joined.replace(LISTED, ""), name, measured or unit, False, listed, strange, text)


def unnamed(parts: tuple[str, ...]) -> tuple[str, ...]:
    """``x=4`` and ``x=9``, or ``x_1=4`` and ``x_2=9``, as 4 and 9; parts not all of one name stay as they are."""
    named = [NAMED.match(part) for part in parts]
    names = {match[1].partition("_")[0] if match and not NOT_NAMES.match(match[1]) else None for match in named}
    if len(names) != 1 or None in names:
        return parts
    return tuple(part[match.end() :].strip() for part, match in zip(parts, named, strict=True) if match)


def _named_number(body: str) -> re.Match[str] | None:
    r"""The name in ``x=\frac{11}{4}=2.75``, where all that follows are numbers."""
    _, *values = body.split("=")
    numbers = len(values) > 1 and all(re.fullmatch(r"(?:[-0-9. {}/]|\\frac|\\approx)+", value) for value in values)
    return NAME_BEFORE.match(body) if numbers else None


def _currency(body: str) -> tuple[str | None, str]:
    """The currency that stands before or after a value, and the value; dollars that make a formula are none."""
    body = body.replace("\\$", "$")
    sign = re.match(r"(-?) ?([$€£¥₹])", body)
    if sign and not (sign[2] == "$" and body.endswith("$")):
        return CURRENCIES[sign[2]], sign[1] + body[sign.end() :]
    last = body[-1:]
    if last in CURRENCIES and not (last == "$" and sign):
        return CURRENCIES[last], body[:-1].rstrip()
    return None, body


def _measure(words: str | None) -> tuple[str | None, bool]:
    """The unit that words after a value are, and whether they are none that is known."""
    if words is None:
        return None, False
    unit = unit_of(words) or multiple_in(words)
    return unit or " ".join(words.split()), unit is None


def _text_name(body: str) -> tuple[str | None, str]:
    r"""Take a name in text off: ``\text{Perimeter} = 24``, ``\text{Area: } 5``."""
    match = TEXT.match(body)
    if match is None:
        return None, body
    content, rest = match[2].strip(), body[match.end() :].lstrip()
    name = TEXT_NAME.fullmatch(content)
    if name is None or HEDGES.search(content) or (name[1] == content) != rest.startswith("="):
        return None, body
    return name[1].lower(), rest.removeprefix("=").strip()


def _without_text(body: str) -> tuple[str, bool, str | None]:
    r"""Take ``\text{}`` off: what stands at the end is a unit, ``and`` becomes a comma, other words stay."""
    parts: list[str] = []
    words, unit, end, last = False, None, 0, ""  # last: the last character before, to keep this linear
    for match in TEXT.finditer(body):
        parts.append(between := body[end : match.start()])
        last = between.rstrip()[-1:] or last
        spaced = between != between.rstrip()
        content, end = match[2].strip(), match.end()
        follows = re.match(r"[0-9})\]a-zA-Z]", last) is not None
        trailing = AFTER_TEXT.fullmatch(body, end) if follows and not words else None
        letters = re.search("[a-zA-Z]", content) is not None
        subscript = re.search(r"_\s*\{?\s*$", between) is not None
        symbol = (
            not letters or subscript or (len(content) == 1 and (match[1] in SYMBOL_FONTS or unit_of(content) is None))
        )
        if re.fullmatch(r",?\s*(?:and|or)", content):
            parts.append(", ")
        elif trailing and letters and (not symbol or (spaced and unit_of(content))):
            unit, end = content + (trailing[1] or ""), len(body)
        else:
            parts.append(content)
            words = words or (letters and not (symbol and (follows or subscript or match[1] in SYMBOL_FONTS)))
        last = content[-1:] or last
    parts.append(body[end:])
    return "".join(parts), words, unit


def _of_words(body: str) -> str:
    body = re.sub(r" ?([^a-zA-Z0-9 ]) ?", r"\1", re.sub(r"\s+", " ", body)).strip()
    return re.sub(r"([_^])\{([0-9a-zA-Z])\}", r"\1\2", body)


def _compact(body: str) -> str:
    r"""Drop spaces, save those that end a command or part two numbers, and braces that LaTeX does not need."""
    body = re.sub(r"(\\[a-zA-Z]+)\s+(?=[a-zA-Z])", "\\1\0", body.strip())
    body = re.sub(r"\\frac\s*([0-9])\s+([0-9])", r"\\frac{\1}{\2}", body)
    body = re.sub(r"(?<=[0-9])\s*(?:,\s*)*,\s+(?=[0-9])", f",{LISTED}", body)
    if not GROUPED.fullmatch(body):
        body = re.sub(r"(?<=[0-9])\s+(?=\.?[0-9])", "\0", body)  # 1 8 is not 18, 2 7/8 not 27/8
    body = re.sub(r"\s+", "", body).replace("\0", " ")
    while len(body) > 2 and body[0] == "{" and body[-1] == "}" and "{" not in body[1:-1]:
        body = body[1:-1]
    body = re.sub(r"\\frac ?(?![{ ])([0-9a-zA-Z]|\\[a-zA-Z]+ ?)", r"\\frac{\1}", body)
    body = re.sub(r"(\\frac\{[^{}]*\}) ?([0-9a-zA-Z])", r"\1{\2}", body)
    body = re.sub(r"\\sqrt ?([0-9a-zA-Z])", r"\\sqrt{\1}", body)
    return re.sub(r"([_^])\{([0-9a-zA-Z])\}", r"\1\2", body)


def _numbers(body: str) -> str:
    body = THOUSANDS.sub(lambda m: m[0].replace(",", ""), body)
    if fraction := re.fullmatch(r"(-?)([0-9]+)/([0-9]+)", body):
        body = rf"{fraction[1]}\frac{{{fraction[2]}}}{{{fraction[3]}}}"
    return re.sub(r"(?<![0-9.])\.(?=[0-9])", "0.", body)
