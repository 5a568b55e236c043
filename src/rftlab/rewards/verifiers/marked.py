"""The integer after the last ``#``: the verifier of the procedural families.

White space around it is ignored; it must be written canonically (no plus sign, no leading zero) with nothing after it.
"""

from __future__ import annotations

import re

from rftlab.rewards import Judgement

STRICT = "marked"
FLEXIBLE = "numeric"
GOLD = "#{}"
INTEGER = r"0|-?[1-9][0-9]*"


def verify(completion: str, answer: str) -> Judgement:
    """Compare the text after the last ``#`` with the answer, as strings."""
    _, mark, text = completion.rpartition("#")
    text = text.strip()
    if not mark or not re.fullmatch(INTEGER, text):
        return Judgement(False, None)
    return Judgement(text == answer, text)
