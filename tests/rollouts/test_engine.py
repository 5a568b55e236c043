"""The engine a study asks for, and the texts of what it sampled."""

from __future__ import annotations

import copy

import pytest

from rftlab.policies.directory import PolicyDirectory
from rftlab.rollouts import Rollout, Sampling
from rftlab.rollouts.engine import engine_of, responses
from training import END, PAD, TOKENIZER, policy, prompts, write_base


@pytest.fixture
def base(tmp_path):
    return write_base(tmp_path / "base")


def test_the_engine_knows_the_end_and_the_padding(base) -> None:
    directory = PolicyDirectory(base)
    engine = engine_of(directory, directory.model(), directory.tokenizer())
    assert engine.end_tokens.tolist() == [END]
    assert engine.pad_token == PAD


def test_a_tokenizer_without_padding_will_do(base) -> None:
    """Llama's has none; padding is masked out, so the rollouts are the same."""
    bare = copy.deepcopy(TOKENIZER)
    bare.pad_token = None
    model = policy()
    rollouts = [
        engine_of(PolicyDirectory(base), model, tokenizer).generate(prompts(5), Sampling(4), range(5))
        for tokenizer in (TOKENIZER, bare)
    ]
    assert rollouts[0] == rollouts[1]


def test_responses_leave_out_special_tokens() -> None:
    tokens = [(*TOKENIZER("7;#1").input_ids, END), (PAD, *TOKENIZER("3").input_ids), (END,)]
    rollouts = [Rollout((), ids, (), truncated=False) for ids in tokens]
    assert responses(TOKENIZER, rollouts) == ["7;#1", "3", ""]
    assert responses(TOKENIZER, []) == []
