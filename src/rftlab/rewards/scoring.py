"""Scoring: completions and answers → what each earned, by the study's verifier and by its strict and flexible forms.

A study trains on one verifier; the other two tell learning the answer's format from learning to reason. Planning
imports this module: verifiers are imported when they are used. What a model thinks aloud no verifier ever sees.
"""

from __future__ import annotations

import collections
import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rftlab import levels
from rftlab.errors import BadInputError
from rftlab.rewards import Judgement
from rftlab.rewards.pool import shared_pool
from rftlab.rewards.thinking import without_thinking


class VerifierError(BadInputError):
    """A file of ``rewards/verifiers/`` that cannot be used."""


@dataclass(frozen=True, kw_only=True)
class Score(Judgement):
    """The judgement of the study's verifier, whether the strict and the flexible one accept the completion as well.

    ``formatted``: the strict verifier found an answer where it asks for one. ``failure`` is that of the study's
    verifier, or else of the flexible or the strict one: no completion is wrong for a reason that is not counted.
    """

    strict: bool
    flexible: bool
    formatted: bool


@dataclass(frozen=True)
class Verifiers:
    """Names of a verifier and of its strict and flexible counterparts."""

    own: str
    strict: str
    flexible: str

    @property
    def names(self) -> tuple[str, ...]:
        """The distinct names, the study's own first."""
        return tuple(dict.fromkeys((self.own, self.strict, self.flexible)))

    @property
    def modules(self) -> list[str]:
        """What scoring with them depends on, to be fingerprinted."""
        return [f"rftlab.rewards.verifiers.{name}" for name in self.names]


def verifiers(name: str) -> Verifiers:
    """Read from a verifier's file which are its counterparts; it is its own where it names none.

    Raises:
        UnknownLevelError: there is no such verifier, or a counterpart it names is none.
    """
    constants = levels.read("rewards.verifiers", name).constants
    for constant in ("STRICT", "FLEXIBLE"):
        if not isinstance(constants.get(constant, name), str):
            raise levels.UnknownLevelError(
                f"rewards/verifiers/{name}.py: {constant} needs the name of a verifier, not {constants[constant]!r}"
            )
    forms = Verifiers(name, constants.get("STRICT", name), constants.get("FLEXIBLE", name))
    for counterpart in forms.names:
        levels.read("rewards.verifiers", counterpart)
    return forms


def isolated(name: str) -> bool:
    """Whether a verifier must run in a process that can be killed."""
    return bool(levels.read("rewards.verifiers", name).constants.get("ISOLATED", False))


class Scorer:
    """Score batches with one verifier and its counterparts; the first batch that needs processes starts them."""

    def __init__(self, verifier: str) -> None:
        self.verifiers = verifiers(verifier)
        self._isolated = tuple(name for name in self.verifiers.names if isolated(name))

    def score(self, completions: Sequence[str], answers: Sequence[str]) -> list[Score]:
        """Score every completion against its answer.

        Raises:
            ValueError: an answer that a verifier cannot use; the message names verifier and answer.
            VerifierError: a verifier's file cannot be used, or it fails in a way of its own.
        """
        said = [without_thinking(completion) for completion in completions]
        pairs = list(zip(said, answers, strict=True))
        judgements = {name: _judgements(name, pairs) for name in self.verifiers.names if name not in self._isolated}
        if self._isolated and pairs:
            cases = [(name, completion, answer) for name in self._isolated for completion, answer in pairs]
            from_pool = iter(shared_pool(self._isolated).verify(cases))
            judgements |= {name: [next(from_pool) for _ in pairs] for name in self._isolated}
        return [self._score({name: judgements[name][i] for name in judgements}) for i in range(len(pairs))]

    def _score(self, judgements: dict[str, Judgement]) -> Score:
        own, strict, flexible = (
            judgements[name] for name in (self.verifiers.own, self.verifiers.strict, self.verifiers.flexible)
        )
        return Score(
            own.correct,
            own.extracted,
            own.failure or flexible.failure or strict.failure,
            strict=strict.correct,
            flexible=flexible.correct,
            formatted=strict.extracted is not None,
        )


def _judgements(name: str, pairs: Sequence[tuple[str, str]]) -> list[Judgement]:
    verify = _load(name)
    judgements = []
    for completion, answer in pairs:
        try:
            judgement = verify(completion, answer)
        except ValueError:  # about the answer: the caller knows whose it is
            raise
        except Exception as error:
            raise VerifierError(f"rewards/verifiers/{name}.py fails: {error!r:.200}") from None
        if not isinstance(judgement, Judgement):
            raise VerifierError(
                f"rewards/verifiers/{name}.py: verify() has to return a Judgement, not {judgement!r:.60}"
            )
        judgements.append(judgement)
    return judgements


@functools.cache
def _load(name: str) -> Callable[[str, str], Judgement]:
    try:
        function: Callable[[str, str], Judgement] = levels.load("rewards.verifiers", name)
    except levels.UnknownLevelError:
        raise
    except Exception as error:  # a file of rewards/verifiers/ may fail in any way when it is imported
        raise VerifierError(f"rewards/verifiers/{name}.py cannot be imported: {error!r:.200}") from None
    return function


def rates(trained: Sequence[Score], scored: Iterable[Score]) -> dict[str, Any]:
    """Metrics of a round: strict and flexible accuracy and format rate of the rollouts that are trained on.

    ``verifier_failures`` counts all that were scored, ``verifier_failures_<reason>`` those of a reason that occurred.
    """
    failures = collections.Counter(score.failure for score in scored if score.failure)
    return {
        "accuracy_strict": _share(score.strict for score in trained),
        "accuracy_flexible": _share(score.flexible for score in trained),
        "format_rate": _share(score.formatted for score in trained),
        "verifier_failures": failures.total(),
        **{f"verifier_failures_{reason}": failures[reason] for reason in sorted(failures)},
    }


def _share(values: Iterable[bool]) -> float:
    flags = list(values)
    return sum(flags) / len(flags)
