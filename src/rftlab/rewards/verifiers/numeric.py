r"""The last number of the completion, compared exactly: flexible in form, strict in value.

Thousands commas, ``$`` and ``%`` are ignored, and a number is read whole: ``3/4``, ``\frac{3}{4}``, ``3 1/4``,
``8e6``, ``3 450``, ``- 19`` and ``–19`` are one number each. Where the last digits belong to something that is no such
number, or to several (``4^6``, ``10-3``, ``x19``, ``14 million``, ``from 12 to 19``), there is no answer. So 1,200.50
and $1200.5 are equal, and 0.33 is not 1/3.
"""

from __future__ import annotations

import re
from fractions import Fraction

from rftlab.rewards import Judgement
from rftlab.rewards.numbers import AMOUNT, ExponentError, number
from rftlab.rewards.statements import EMPHASIS, TAGS
from rftlab.rewards.units import UNITS, multiple_in

STRICT = "gsm8k_strict"
FLEXIBLE = "numeric"
GOLD = "{}"

LONGEST = 100
"""Characters; a longer number is no answer. Converting digits costs the square of their number."""
WINDOW = 400
"""Characters before and after the last digit that are read."""
EXCERPT = 20
"""Characters around the last digit that are shown where they are no number."""

GIVEN = re.compile(
    r"(?P<minus>(?<![\w)\]])[-−])?\$?"
    r"(?P<numerator>(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?:\.[0-9]+)?|(?<![0-9])\.[0-9]+)"
    r"(?:/(?P<denominator>[0-9]+))?"
)
LAST = re.compile(r"[0-9][^0-9]*\Z")
WRITTEN = re.compile(
    r"(?P<fraction>-?(?:[0-9]+ ?)?\\[dt]?frac ?\{-?[0-9.]{1,99}\} ?\{[0-9.]{1,99}\}(?![\w^!/(\\{]))"
    rf"|(?P<amount>{AMOUNT})"
)
GLUED = re.compile(r"(?:[\w^_\\/|*~±√²³<>'’.,:]|[\w^_\]}]\{|[\w)]\(|\w\[|\])\$?$")
"""What stands before a number without a space and is part of it."""
UNFINISHED = re.compile(
    r"(?:[+*/×÷·^<>≤≥≠±√]|[0-9]|\\(?:cdot|times|div|pm|sqrt|ln|log|le|ge)|[\w)\]}]\s+[-−–]|[0-9][)%}$]*\s*(?:,"
    r"|and|&|or|:|-|–)"
    r"|\b(?:or|not|minus|plus|times|by|negative|over|under|between|exceeds?|than|least|most|log|sqrt|root|point|base"
    r"|mod|modulo|to the|twice|double|triple|(?:root|square|cube|half|third|quarter|reciprocal|inverse|opposite"
    r"|factorial"
    r"|power|percent|%) of)"
    r"|\b[0-9][^.\n]{0,30}(?<!equal)(?<!equals)(?<!comes)(?<!come)(?<!amounts)(?<!up)(?<!reduces)(?<!simplifies)"
    r"(?<!rounds)(?<!evaluates)(?<!increases)(?<!decreases)(?<!drops)\s+to)\s*$",
    re.IGNORECASE,
)
"""What stands before a number, perhaps with a space, and makes it one of several or part of a calculation."""
GOES_ON = re.compile(
    r"\s*(?:[+*/×÷·^=<>±√!²³]|\\(?:cdot|times|div|pm|sqrt|pi|over)|[-−–]\s*[a-zA-Z](?![a-zA-Z])|[-−–](?=[\w(\\]))"
    r"|\s+(?:or|plus|minus|divided|multiplied|modulo|mod|squared|cubed|recurring|repeating"
    r"|factorial|point|percent of|%? of an?|out of|to the"
    r"|in base)\b"
    r"|\s+and an? (?:half|quarter|third)|\s+times (?:as|one|two|three|four|five|six|seven|eight|nine|ten"
    r"|[a-z](?![a-z]))"
    r"|[\[({|]|\\(?![)\]])|[:.,][0-9]",
    re.IGNORECASE,
)
UNITS_AFTER = re.compile(r"([a-zA-Z]+)(?:[²³]|\^[23])?(?![\w^])")


def verify(completion: str, answer: str) -> Judgement:
    """Compare the last number with the answer, as fractions.

    Raises:
        ValueError: the answer itself is not a number.
    """
    expected = _given(answer.strip().rstrip("%"))
    if expected is None:
        raise ValueError(f"rewards/verifiers/numeric compares numbers; the answer {answer[:40]!r} is not one")
    value, written = last_number(completion)
    return Judgement(value == expected, written if value is None else str(value))


def last_number(text: str) -> tuple[Fraction | None, str | None]:
    """Value of the number that the last digits of a text belong to; or None, and the digits with what is around."""
    last = LAST.search(text, max(0, len(text) - WINDOW)) or LAST.search(text)
    if last is None:
        return None, None
    start = max(0, last.start() - WINDOW)
    at = len(_plain(text[start : last.start()]))
    part = _plain(text[start : last.start() + WINDOW])
    match = next((m for m in WRITTEN.finditer(part) if m.start() <= at < m.end()), None)
    if (
        match is not None
        and len(match[0]) <= LONGEST
        and not _goes_on(part[: match.start()], part[match.end() :], match[0])
    ):
        return _value(match), None
    if re.search(rf"[0-9.,]{{{LONGEST}}}", part):
        return None, None
    return None, " ".join(part[max(0, at - EXCERPT) : at + EXCERPT].split())


def _plain(text: str) -> str:
    """A text without emphasis and without the tags of an answer."""
    return TAGS.sub(" ", EMPHASIS.sub("", text))


def _goes_on(before: str, after: str, written: str) -> bool:
    """Whether a number is part of something else, by what stands before and after it."""
    signed = written[0] in "-−–+"
    if re.search(r"\\(?:boxed|text|mathbf|mathrm|fbox)\{\s*\$?$", before):
        before = ""
    line = before.rpartition("\n")[2]
    if GLUED.search(line) or (signed and re.search(r"[\w)\]}²³]\s*$", line) and not re.search(r"[a-z]{2}\s+$", line)):
        return True
    if UNFINISHED.search(line) and not (signed and re.search(r"[a-z]$", line.strip())):
        return True
    if unit := UNITS_AFTER.match(after):
        return len(unit[1]) < 2 or unit[1].lower() not in UNITS
    words = " ".join(after.partition("\n")[0].split()[:2])
    multiple = multiple_in(words.partition(",")[0].partition(".")[0])
    return bool(GOES_ON.match(after)) or multiple not in (None, "times", "score")


def _value(match: re.Match[str]) -> Fraction | None:
    """Value of a number as prose or LaTeX writes it."""
    text = match[0].translate(str.maketrans("−–", "--", "$€£¥₹¢,%°CF"))
    minus, text = text[:1] == "-", re.sub(r"^[-+] ?", "", text)
    minus, text = minus != text.startswith("-"), text.removeprefix("-").strip()
    if re.fullmatch(r"[0-9]{1,3}(?: [0-9]{3})+(?:\.[0-9]+)?", text):
        text = text.replace(" ", "")
    text = re.sub(r"\\[dt]frac ?", r"\\frac", text).replace("} {", "}{").replace(" \\", "\\")
    try:
        value = number("0" + text if text.startswith(".") else text)
    except ExponentError:
        return None
    return -value if minus and value is not None else value


def _given(answer: str) -> Fraction | None:
    """Value of an answer that is given."""
    match = GIVEN.fullmatch(answer)
    if match is None or len(match[0]) > LONGEST or int(match["denominator"] or 1) == 0:
        return None
    value = Fraction(match["numerator"].replace(",", "")) / int(match["denominator"] or 1)
    return -value if match["minus"] else value
