"""Stop strings: texts that end a response, for base models that run on after their answer.

A response ends with the token whose text completes a stop string. That token and the string are part of it: they are
trained on, as an end token is, and the verifier reads them. Such a response is not truncated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rftlab.rollouts import Rollout

Decode = Callable[[Sequence[int]], str]
"""Text of some tokens, without special ones."""


def stopped(tokens: Sequence[int], stop: Sequence[str], decode: Decode) -> bool:
    """Whether the text of these tokens holds a stop string."""
    text = decode(tokens)
    return any(string in text for string in stop)


def cut(rollout: Rollout, stop: Sequence[str], decode: Decode) -> Rollout:
    """The rollout as if sampling had stopped at the first stop string: its tokens up to the one that completes it.

    What is sampled at a token depends on those before it alone, so that the two are the same.
    """
    if not stopped(rollout.tokens, stop, decode):
        return rollout
    end = next(t for t in range(1, len(rollout.tokens) + 1) if stopped(rollout.tokens[:t], stop, decode))
    return Rollout(rollout.prompt, rollout.tokens[:end], rollout.logprobs[:end], truncated=False)
