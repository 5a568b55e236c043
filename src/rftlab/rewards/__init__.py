"""Rewards: from a completion to a judgement (``verifiers``, ``scoring``), and from that to a number (``value``)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Judgement:
    """Whether a completion is correct, and the answer extracted from it in canonical form; None: no answer found.

    ``failure`` says why an answer that was found could not be judged: ``too_long``, ``exponent``, ``unparsed``, and
    from the processes ``timeout``, ``memory``, ``crashed``. A failure is never correct.
    """

    correct: bool
    extracted: str | None
    failure: str | None = None
