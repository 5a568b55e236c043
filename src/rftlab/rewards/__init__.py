"""Rewards: from a completion to a verdict, and from a verdict to a number.

One file per verifier, one pure function in it: ``verify(completion, answer) -> Verdict``. A verifier's time is linear
in the completion's length whatever it holds, and only the digits 0–9 are digits.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """Whether a completion is correct, and the answer extracted from it in canonical form; None: no answer found."""

    correct: bool
    extracted: str | None
