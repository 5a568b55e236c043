r"""The letter of a multiple-choice answer: marked as the prompt asks for it, else announced, else the last line.

Marked is ``#### B``, ``\boxed{B}`` or ``<answer>B</answer>``; announced ``the answer is most likely (B)`` or ``option
B is correct``; a letter may stand in brackets, quotes, emphasis or LaTeX's text, and the text of its choice may follow:
``B. seven``. The last of these counts. A letter is none where it begins a word or a sentence (``A little``,
``I cannot``), where it is part of a formula or where another letter is named beside it (``B or C``, ``B/C``); what is
denied (``D is wrong``) is no answer.
"""

from __future__ import annotations

import re

from rftlab.rewards import Judgement
from rftlab.rewards.units import HEDGES

STRICT = "choice"
FLEXIBLE = "choice"
GOLD = "#### {}"
LAST = 2000
"""Characters that are read, from the end."""
AFTER = 200
"""Characters after a letter that may name another one."""

OPEN = r"(?:\\(?:text|mathrm|mathbf|textbf|mbox|boxed)\s?\{|\\[(\[]|[*_`\"'“‘$({\[ ]){0,6}"
CLOSE = r"(?:\\[)\]]|[*_`\"'”’$)}\]]){0,6}"
LETTER = rf"{OPEN}(?P<letter>[A-Z])(?![\w^]|\\(?![)\]])|['’-][a-z])(?P<close>{CLOSE})"
SURE = (
    r"(?:(?:most |very )?(?:likely|probably|clearly|therefore|thus|then|simply|indeed|definitely|surely|just|also|now)"
    r"[ ,]+){0,2}"
)
NOUN = r"(?:(?:the )?(?:correct |right |best |final )?(?:option|choice|answer|letter|statement|alternative)[ :]+)?"
MARKED = re.compile(
    r"(?:####|<answer>|\\boxed(?=\s?\{)"
    r"|(?<![a-zA-Z])(?:answer|(?:correct|right|best) (?:option|choice|alternative))(?![a-zA-Z])[\"'*_`]{0,3}"
    r"(?: *\([^()\n]{0,30}\))?(?: (?:to|of|for) [^\n.:=]{1,80}?)?"
    rf"[ \"'*_`]{{0,4}}(?:[:=]|(?<=[ \"'*_`])(?:is|would be|must be|should be|will be)(?![a-z])[:]?"
    rf"|(?= ?[({{*\\])) *{SURE}{NOUN})[ ]*"
    rf"{LETTER}",
    re.IGNORECASE,
)
CHOSEN = re.compile(
    rf"(?:(?<![a-zA-Z])(?:option|choice|letter|answer) ?|(?<![\w\\])\(){LETTER} (?:is|must be|would be|seems) "
    r"(?:(?:the|most likely|clearly|therefore) )?(?:the )?(?:correct|right|best|answer)(?! not)",
    re.IGNORECASE,
)
ALONE = re.compile(rf"{LETTER}(?P<rest>.*)")
DENIED = re.compile(
    r"(?:\b(?:if|whether|not|n't|cannot|wrong|incorrect|why|unless|suppose)\b[^.\n]{0,40}|(?:^"
    r"|[.\n?!]\s*)is [^.\n]{0,20}|\bto )$",
    re.IGNORECASE,
)
ANOTHER = re.compile(
    r"\s*(?:,|/|\||&|;|\+|-|–|\bor\b|\band\b|,\s*or\b|,\s*and\b|\\text\{ *(?:or|and) *\}|or|and|to|nor)?\s*"
    rf"(?:(?:option|choice|answer) )?{OPEN}[A-Z](?![\w'’])"
)
OR_ANOTHER = re.compile(rf"\b(?:or|and|nor)\b[^\n]{{0,20}}?{OPEN}(?<!\w)[A-Z](?![\w'’])")
JOINED = re.compile(r"[\s$]*(?:,|/|&|\bor\b|\band\b)+[\s$]*(?:or|and)?[\s$]*")
ENTRY = re.compile(r"^[*_(\[]{0,3}[A-Z][.)\]]{1,2}[*_]{0,2} \S", re.MULTILINE)
UNSURE = re.compile(
    r"\s*[,.;:–-]*\s*(?:\b(?:is|are|was|isn't|cannot be|can't be|would be|seems|looks)\b[^.\n]{0,30}"
    r"\b(?:not|wrong|incorrect|false|impossible|unlikely)\b|(?:is|was) ?n[o']t\b|isn't"
    r"|(?:is )?(?:not(?! \(?[A-Z]\b)|wrong|incorrect|false)\b|\?)",
    re.IGNORECASE,
)
GOES_ON = re.compile(r"\s*(?:[*/^+=>_|]|<(?![/|]))|['’]\w")
TEXT = re.compile(
    r"[.):\]](?: |$)|[,;]? (?:because|since|as|which|for|rather than|instead of|not)\b|, |[.,;!]?\s*(?:$|\n|<)"
    r"| ?[(\"–-]"
)
"""What may follow a letter that stands without brackets: the text of its choice, a reason, an end."""


def verify(completion: str, answer: str) -> Judgement:
    """Compare the letter with the answer.

    Raises:
        ValueError: the answer itself is not one capital letter.
    """
    if not re.fullmatch("[A-Z]", answer):
        raise ValueError(f"rewards/verifiers/choice compares letters; the answer {answer[:40]!r} is not one")
    letter = chosen(completion[-LAST:].strip())
    return Judgement(letter == answer, letter)


def chosen(text: str) -> str | None:
    """The letter that is marked or announced last, or that the last line is; None without one, or with several."""
    marks = sorted([*MARKED.finditer(text), *CHOSEN.finditer(text)], key=lambda match: match.start("letter"))
    for i, mark in reversed(list(enumerate(marks))):
        said = mark[0][0] not in "#<\\" and DENIED.search(text[max(0, mark.start() - 60) : mark.start()])
        if said or not mark["letter"].isupper():
            continue
        other = marks[i - 1] if i and marks[i - 1]["letter"] != mark["letter"] else None
        joined = other is not None and JOINED.fullmatch(text, other.end(), mark.start()) is not None
        return mark["letter"] if _stands_alone(text, mark) and not joined else None
    line = text.rpartition("\n")[2].strip()
    alone = ALONE.fullmatch(line)
    return alone["letter"] if alone and _stands_alone(line, alone) and _is_choice(text, alone) else None


def _stands_alone(text: str, match: re.Match[str]) -> bool:
    """Whether a letter is the whole answer, by what follows it."""
    if match.re is CHOSEN:
        return True
    after = text[match.end("close") :][:AFTER]
    if ANOTHER.match(after) or UNSURE.match(after) or GOES_ON.match(after):
        return False
    choice = re.sub(r"^[.):\]]* ?", "", after)
    clause = re.split(r"[.\n]|\b(?:because|since|as|not|than)\b", choice)[0]
    if not choice[:1].isupper() and (OR_ANOTHER.search(clause) or re.search(r"\([A-Z]\)", clause)):
        return False
    return bool(match["close"]) or TEXT.match(after) is not None


def _is_choice(text: str, match: re.Match[str]) -> bool:
    """Whether the last line is a letter and perhaps the text of its choice: no sentence, and no list of choices."""
    rest = match["rest"].strip(" .")
    if not rest:
        return True
    listed = len(ENTRY.findall(text)) > 1
    return (
        bool(ENTRY.match(match[0]))
        and not listed
        and not re.search(r"[:;?\"]|\b[A-Z][.)]", rest)
        and not HEDGES.search(rest)
    )
