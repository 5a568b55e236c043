"""The text after the last ``####``, else the whole completion, equal to the answer but for white space.

For answers that are no numbers: case, punctuation and units count.
"""

from __future__ import annotations

from rftlab.rewards import Judgement

STRICT = "exact"
FLEXIBLE = "exact"
GOLD = "#### {}"
LONGEST = 10_000
"""Characters; a longer text is no answer."""


def verify(completion: str, answer: str) -> Judgement:
    """Compare the texts, runs of white space as one space."""
    text = " ".join(completion.rpartition("####")[2][: LONGEST + 1].split())
    if not text or len(text) > LONGEST:
        return Judgement(False, None)
    return Judgement(text == " ".join(answer.split()), text)
