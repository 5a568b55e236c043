"""Rewards: from a completion to a verdict (``verifiers``, ``scoring``), and from a verdict to a number (``value``)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """Whether a completion is correct, and the answer extracted from it in canonical form; None: no answer found.

    ``failure`` says why an answer that was found could not be judged: ``too_long``, ``exponent``, ``unparsed``, and
    from the processes ``timeout``, ``memory``, ``crashed``. A failure is never correct.
    """

    correct: bool
    extracted: str | None
    failure: str | None = None
