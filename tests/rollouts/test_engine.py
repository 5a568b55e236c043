"""The engine a study asks for, and the texts of what it sampled."""

from __future__ import annotations

import copy
import sys
from types import SimpleNamespace

import pytest
import torch

from rftlab.policies.directory import PolicyDirectory
from rftlab.rollouts import EngineConfig, Rollout, Sampling
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


def test_tokens_that_the_model_declares_end_a_response_too(base) -> None:
    directory = PolicyDirectory(base)
    model = directory.model()
    model.generation_config.eos_token_id = [END, 9]
    assert engine_of(directory, model, directory.tokenizer()).end_tokens.tolist() == [END, 9]


def test_the_engine_is_built_by_the_module_that_its_name_says(base, monkeypatch) -> None:
    asked = []
    build = lambda *args, **named: asked.append((args, named)) or "the engine"  # noqa: E731
    monkeypatch.setitem(sys.modules, "rftlab.rollouts.other_engine", SimpleNamespace(build=build))
    directory, model, config = PolicyDirectory(base), policy(), EngineConfig("other", rows=3)
    kinds = {"autocast": torch.bfloat16, "dtype": torch.float16}
    assert engine_of(directory, model, TOKENIZER, config, **kinds) == "the engine"
    ((given, config_given), named) = asked[0]
    assert given is model
    assert config_given is config
    assert named.pop("decode")(TOKENIZER("1+1").input_ids) == "1+1"
    assert named == {"folder": base, "end_tokens": [END], "pad_token": PAD, **kinds}


def test_responses_leave_out_special_tokens() -> None:
    tokens = [(*TOKENIZER("7;#1").input_ids, END), (PAD, *TOKENIZER("3").input_ids), (END,)]
    rollouts = [Rollout((), ids, (), truncated=False) for ids in tokens]
    assert responses(TOKENIZER, rollouts) == ["7;#1", "3", ""]
    assert responses(TOKENIZER, []) == []
