r"""What a completion states as its answer where it is in no box: tagged, announced, or concluded in its last sentence.

``<answer>18</answer>``, ``#### 18``, ``The answer is 18.``; and without any of these the last sentence, where it ends
in a value: ``so it is $x = 5$``, ``which makes 5 tickets``. A sentence that names two values, hedges, compares or
denies states nothing, and neither does one that goes on after the value in a way that may change it: a policy is not
paid for a value that occurs, only for one that it stands by.
"""

from __future__ import annotations

import re

from rftlab.rewards.numbers import AMOUNT, number, spelt
from rftlab.rewards.units import HEDGES, multiple_in, unit_of

TAIL = 2000
"""Characters at the end of a completion in which an answer without a box is looked for."""
LONGEST = 400
"""Characters of a sentence that is looked at."""
MOST_SENTENCES = 3
"""Sentences without a value that may follow the last one with a value."""

END_TOKENS = re.compile(r"(?:\s*(?:<\|[a-z_]{2,20}\|>|</s>|<eos>|<end_of_turn>))+\s*$")
EMPHASIS = re.compile(r"(?<![0-9a-zA-Z)])\*\*|\*\*(?![0-9a-zA-Z(])|__")
TAGS = re.compile(r"</?answer>")
FORMULA = (
    r"(?:\$\$((?:[^$\\]|\\.)+)\$\$|\$((?:[^$\n\\]|\\.)+)\$(?![0-9])"
    r"|\\\(((?:[^\\\n]|\\[^)\n])+)\\\)|\\\[((?:[^\\]|\\[^\]])+)\\\])"
)
MATHEMATICS = re.compile(FORMULA, re.DOTALL)
DISPLAY = re.compile(r"\$\$(?:[^$\\]|\\.)+\$\$|\\\[(?:[^\\]|\\[^\]])+\\\]", re.DOTALL)
BETWEEN = (
    r"(?:[ \t]*\([^()\n]{0,40}\)|,[^,\n.:=]{1,30},)?(?:[ \t]+(?:to|of|for|in|as)(?: [^\s.:=]{1,20}){1,8}?)?"
    r"(?:[ \t]+(?:then|therefore|thus|hence|simply|we get|we obtain|i get))?[\"'*_`]{0,3}[ \t]*"
)
ANNOUNCEMENT = re.compile(
    rf"####[ \t]*|(?<![a-z])answer(?![a-z])(?:{BETWEEN}(?:[:=]|(?<=[ \t)])(?:is|are|equals|(?:turns|comes"
    rf"|works) out to be"
    r"|(?:will|would|must|should)(?: then| therefore)? be)\b)[ \t]*:?[ \t]*(?:(?:therefore|thus|then|simply|just|also|"
    r"indeed|clearly|hence|equal to|given by|as follows)\b,?:?[ \t]*)?|[ \t]+(?=[-+$\\0-9(]))",
    re.IGNORECASE,
)
NO_ANNOUNCEMENT = re.compile(
    r"(?:\b(?:if|whether|when|unless|suppose|hope|until|not|wrong|incorrect|false|previous|expected|former"
    r"|naive|half|twice"
    r"|double|triple|square|cube|root|negative|reciprocal|opposite|third|quarter|percent|minus|plus|times)\b"
    r"[^.\n]{0,40}|n't\b[^.\n]{0,40}|\b(?:to|we|can|please|will|must|should)[ \t]+|(?:^"
    r"|[.\n!?]\s*)(?:what )?is [^.\n]{0,30})$",
    re.IGNORECASE,
)
REMARK = re.compile(
    r"(?:(?:now|also|indeed) )?(?:clear|correct|right|complete|final|helpful|reasonable|verified|confirmed"
    r"|consistent|good|above"
    r"|below|found|obtained|as follows|boxed)\b[^0-9$\\]*",
    re.IGNORECASE,
)
PROSE = re.compile(r"(?<![\\a-zA-Z{])(?!(?:sin|cos|tan|log|ln|pi|sqrt|or|and|mod|infinity)\b)[a-zA-Z]{2,}")
COPULA = re.compile(
    r"(?<![<>!])=|\b(?:total of|is|are|was|were|be|has|have|had|needs?|gets?|got|earn(?:s|ed)?|costs?|pays?"
    r"|paid|makes?|made|gives?|gave"
    r"|equals?(?: to)?|leav(?:es?|ing)|giving|making|takes?|took|spen(?:ds?|t)|saves?|saved|receives?|received"
    r"|sells?|sold"
    r"|buys?|bought|becomes?|contains?|yields?|obtain(?:s|ed)?|obtaining|totals?|then|so|therefore|thus|hence|together"
    r"|(?:lies|meets?|located|intersects?) at|only|find|found|conclude|after|(?:comes?|amounts?|adds? up"
    r"|simplifies|evaluates|reduces|sums?) to)"
    r"(?=[ ,:])[ ,:]*|:",
    re.IGNORECASE,
)
UNCONCLUDED = re.compile(
    r"^(?:for|with|given|at) [^,.]{0,15}$|^(?:set|setting|put|take|taking|choose|using|plug\w*|substitut\w*"
    r"|denote|define)\b"
    r"|\b(?:answer|assuming|provided|imagine|first|next|step|case|example|where|when|consider|try|trying"
    r"|section|problem|equation|need to|want to|have to)\b",
    re.IGNORECASE,
)
REASON = re.compile(r",? *(?:because|since)\b(?!.*\b(?:wrong|incorrect|false)\b)", re.IGNORECASE)
CLAUSE = re.compile(r"(for|in|of|at|on|during) (?:the|an?|his|her|their|its|this|that|my|our|all) ", re.IGNORECASE)
CHANGES = re.compile(
    r"[-+*/^=<>\\$|×÷·]|\b(?:plus|minus|times|divided|multiplied|more|less|fewer|extra|additional|every|each"
    r"|percent|base"
    r"|power|root|reciprocal|inverse|opposite|negative|doubled?|twice|tripled?|binary|mod(?:ulo)?)\b",
    re.IGNORECASE,
)
TAILS = re.compile(
    r"(?:(?:are|is|were|was|remain|remains) )?(?:left|left over|remaining|in total|in all|altogether|total|each"
    r"|apiece|needed"
    r"|a (?:day|week|month|year|piece)|so far|now|today|again|long|tall|wide|old|old now|away)?",
    re.IGNORECASE,
)
DENIAL = re.compile(rf",? ?(?:and )?(?:not|rather than|instead of) \$?{AMOUNT}\$?", re.IGNORECASE)


def stated(completion: str) -> str | None:
    """The answer that a completion without a box states, as it is written; None where it states none.

    In the last ``TAIL`` characters: what the last ``<answer>`` holds, which must be closed; what the last announcement
    announces; what the last sentence with a value concludes.
    """
    tail = EMPHASIS.sub("", END_TOKENS.sub("", completion[-TAIL - 40 :]))[-TAIL:]
    tail = DISPLAY.sub(lambda match: " ".join(match[0].split()), tail)
    tags = list(TAGS.finditer(tail))
    if tags and tags[-1][0] == "<answer>":
        return None
    if len(tags) > 1 and tags[-2][0] == "<answer>":
        tail = tail[tags[-2].end() : tags[-1].start()].strip()
        announced = _announced(tail)
        return _of_announcement(tail) if announced is None else announced
    announced = _announced(tail)
    return _concluded_last(tail) if announced is None else announced


def _announced(tail: str) -> str | None:
    """What the last announcement that is none of a condition, a question or a remark announces."""
    for match in reversed(list(ANNOUNCEMENT.finditer(tail))):
        if match[0][0] != "#" and NO_ANNOUNCEMENT.search(tail[max(0, match.start() - 60) : match.start()]):
            continue
        line = tail[match.end() :].lstrip(" \t:").partition("\n")[0].strip()
        if not line:
            line = tail[match.end() :].lstrip(" \t:\n").partition("\n")[0].strip()
        text = _sentences(line[:LONGEST])[0] if line else ""
        if text and not REMARK.fullmatch(text):
            return _of_announcement(text)
    return None


def _of_announcement(text: str) -> str:
    """The value that an announced text is, begins with, or ends in; or all of it."""
    text = text.strip(" \"'`")
    if text.endswith("}") and text.count("{") < text.count("}"):  # of {"answer": 5}
        text = text.rstrip("} \"'`")
    value = _value(text)
    return text if value is None and (value := _conclusion(text)) is None else value


def _concluded_last(tail: str) -> str | None:
    """What the last sentence with a value concludes, unless one after it takes that back."""
    sentences = [sentence for line in tail.split("\n") for sentence in _sentences(line) if sentence]
    for sentence in reversed(sentences[-1 - MOST_SENTENCES :]):
        if re.search(r"[0-9\\$]", sentence):
            hedged = len(sentence) > LONGEST or UNCONCLUDED.search(sentence)
            computed = re.match("[^a-zA-Z]*=", sentence) is not None  # 2 + 5 = 7
            return None if hedged else (None if computed else _value(sentence)) or _conclusion(sentence)
        if HEDGES.search(sentence):
            return None
    return None


def _sentences(line: str) -> list[str]:
    """Sentences of a line without the full stops; of a question and a factorial, the mark stays."""
    protected = re.sub(r"\b([ap])\.m\.", r"\1\0m\0", line)
    sentences = re.split(r"(?<=[.?])\s+|(?<=[^0-9)}]!)\s+|(?<=[.?])$", protected)
    return [re.sub(r"(?<!\.)[.,;]$", "", sentence.replace("\0", ".").strip()).strip() for sentence in sentences]


def _conclusion(sentence: str) -> str | None:
    """The value after the last verb or sign that states one, in a sentence that neither hedges nor compares."""
    for verb in reversed(list(COPULA.finditer(sentence))):
        value = _value(sentence[verb.end() :].strip())
        if value is not None:
            return None if HEDGES.search(sentence[: verb.start()]) else value
    return None


def _value(text: str) -> str | None:
    """The value with which a text begins, with its unit, if nothing after it can change it."""
    if formula := MATHEMATICS.match(text):
        content = next(filter(None, formula.groups())).strip()
        if PROSE.search(re.sub(r"\\[a-zA-Z]+\{[^{}]*\}", "", content)) or re.search(r"[-+*/=]\s*$", content):
            formula = None
    if formula:
        unit = _unit(text[formula.end() :])
        return None if unit is None else content if not unit else f"{content} \\text{{ {unit}}}"
    if amount := re.match(AMOUNT, text):
        unit = _unit(text[amount.end() :], amount[0])
        return None if unit is None else f"{amount[0]} {unit}".strip()
    symbols = re.sub(r"\\[a-zA-Z]+(?:\{[^{}]*\})?", "", text)
    return None if not text or "$" in text or PROSE.search(symbols) or re.search("[a-zA-Z][0-9]", symbols) else text


def _unit(rest: str, amount: str = "") -> str | None:
    """The unit with which the rest of a sentence begins, perhaps empty; None where the rest may change the value."""
    if rest and rest[0] not in " ,.;:!?)\"'`(%" and not (amount and rest[0].isalpha()):
        return None
    if rest.startswith(("..", "…")):
        return None
    rest, unit = rest.strip(" .;:\"'`"), ""
    words = rest.split()
    for count in (4, 3, 2, 1):
        if len(words) >= count and (len(words[0]) > 1 or count > 1) and unit_of(" ".join(words[:count])):
            unit, rest = " ".join(words[:count]).rstrip(","), " ".join(words[count:])
            break
    if note := re.match(r"\(([^()]{1,40})\)", rest):
        if not (unit_of(note[1]) or (amount and spelt(note[1]) is not None and spelt(note[1]) == number(amount))):
            return None
        rest = rest[note.end() :].strip()
    if TAILS.fullmatch(rest) or DENIAL.fullmatch(rest) or REASON.match(rest):
        return unit
    clause = CLAUSE.match(rest)
    if not clause or CHANGES.search(rest) or HEDGES.search(rest[clause.end() :]) or multiple_in(rest):
        return None
    digits = re.search("[0-9]", rest) is not None
    return unit if not digits or clause[1].lower() == "for" else None
