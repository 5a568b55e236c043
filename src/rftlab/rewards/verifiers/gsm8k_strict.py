"""GSM8K as the paper scores it: the last ``#### number`` within the last 300 characters, compared as a string.

Exactly one space stands between mark and number; commas are removed, nothing else is: ``#### 18.`` and ``#### $18``
do not match the answer 18. Source: arXiv 2601.22532 and its scripts.
"""

from __future__ import annotations

import re

from rftlab.rewards import Judgement

STRICT = "gsm8k_strict"
FLEXIBLE = "numeric"
GOLD = "#### {}"
LAST = 300
NUMBER = r"#### (-?[0-9.,]+)"


def verify(completion: str, answer: str) -> Judgement:
    """Compare the marked number with the answer, as strings without commas."""
    numbers = re.findall(NUMBER, completion[-LAST:])
    text = numbers[-1].replace(",", "") if numbers else ""
    if not text.strip("-."):
        return Judgement(False, None)
    return Judgement(text == answer.replace(",", ""), text)
