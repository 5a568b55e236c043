"""Rewards: from a completion to a verdict, and from a verdict to a number.

One file per verifier, one pure function in it: ``verify(completion, answer) -> Verdict``. Three constants say how it
is used, and are read without importing it: ``STRICT`` and ``FLEXIBLE`` name its counterparts, the verifiers that ask
for one written form and that accept any (a verifier is its own counterpart where it names none), and ``ISOLATED`` that
it may hang, crash or fill the memory, so that it runs in processes that can be killed. Of a verifier that is not
isolated the time is linear in the completion's length whatever it holds, and only the digits 0–9 are digits.
"""

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
