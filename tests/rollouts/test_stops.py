"""Stop strings: where a response ends, in either way of finding it, and that nothing else changes."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from rftlab.rollouts import Rollout, Sampling
from rftlab.rollouts.engine import text
from rftlab.rollouts.stops import cut, stopped
from rftlab.rollouts.transformers_engine import TransformersEngine
from training import END, PAD, TOKENIZER, policy

DECODE = partial(text, TOKENIZER)


def ids(characters: str) -> tuple[int, ...]:
    return tuple(TOKENIZER(characters).input_ids)


def rollout(characters: str, *, truncated: bool = True) -> Rollout:
    tokens = ids(characters)
    return Rollout((1,), tokens, tuple(-float(t) for t in range(len(tokens))), truncated)


@pytest.mark.parametrize(
    ("characters", "stop", "kept"),
    [
        ("12;34;56", [";"], "12;"),
        ("12;34;56", ["34"], "12;34"),
        ("12;34;56", ["56", "2;3"], "12;3"),
        ("12;34;56", ["7", "=="], "12;34;56"),
        ("1", ["1"], "1"),
    ],
)
def test_a_response_ends_with_the_token_that_completes_the_first_stop_string(
    characters: str, stop: list[str], kept: str
) -> None:
    found = cut(rollout(characters), stop, DECODE)
    assert (found.tokens, found.logprobs) == (ids(kept), tuple(-float(t) for t in range(len(kept))))
    assert found.truncated == (kept == characters and not stopped(ids(characters), stop, DECODE))


def test_a_response_that_ended_by_itself_may_have_stopped_before() -> None:
    ended = rollout("12;3", truncated=False)
    assert cut(ended, ["="], DECODE) == ended
    assert cut(ended, [";"], DECODE).tokens == ids("12;")


@pytest.mark.parametrize("rows", [1, 3, 256])
@pytest.mark.parametrize("stop", [("1",), ("=", "2"), ("0", "7;")])
def test_the_engine_stops_where_a_cut_would(stop: tuple[str, ...], rows: int) -> None:
    """Whatever else is in the batch: what is sampled at a token depends on those before it alone."""
    engine = TransformersEngine(policy(), end_tokens=[END], pad_token=PAD, rows=rows, decode=DECODE)
    prompts, sampling = [ids(f"{i}+{9 - i}=") for i in range(10)], Sampling(24)
    whole = engine.generate(prompts, sampling, list(range(10)))
    found = engine.generate(prompts, replace(sampling, stop=stop), list(range(10)))
    expected = [cut(each, stop, DECODE) for each in whole]
    assert [each.tokens for each in found] == [each.tokens for each in expected]
    assert [each.truncated for each in found] == [each.truncated for each in expected]
    assert sum(len(each.tokens) for each in expected) < sum(len(each.tokens) for each in whole)
