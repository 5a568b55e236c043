"""The letter of a multiple-choice answer: marked as the prompt asks for it, else written as the answer.

Marked is ``#### B``, ``\\boxed{B}`` or ``answer is B`` / ``answer: B``, also as ``(B)``, ``B.`` and ``B. seven``; the
last mark counts, whatever follows it. Without a mark the last line must be such a letter. A letter that begins a word
is none, and neither is one that begins a sentence, so that ``A train leaves`` answers nothing.
"""

from __future__ import annotations

import re

from rftlab.rewards import Judgement

STRICT = "choice"
FLEXIBLE = "choice"
GOLD = "#### {}"
LAST = 2000
"""Characters that are read, from the end."""

LETTER = r"[*({\[]{0,4}(?:\\text\{)?([A-Z])(?![\w'’])"
MARKED = rf"(?:####|\\boxed\s?\{{|[Aa]nswer(?: is)?:?)[ *$]{{0,4}}{LETTER}"
ALONE = r"[*(\[]{0,3}([A-Z])(?:[.):\]*]{1,4}(?: .*)?)?"


def verify(completion: str, answer: str) -> Judgement:
    """Compare the letter with the answer.

    Raises:
        ValueError: the answer itself is not one capital letter.
    """
    if not re.fullmatch("[A-Z]", answer):
        raise ValueError(f"rewards/verifiers/choice compares letters; the answer {answer[:40]!r} is not one")
    text = completion[-LAST:].strip()
    letters = re.findall(MARKED, text)
    if letters:
        return Judgement(letters[-1] == answer, letters[-1])
    alone = re.fullmatch(ALONE, text.rpartition("\n")[2].strip())
    return Judgement(alone is not None and alone[1] == answer, alone[1] if alone else None)
