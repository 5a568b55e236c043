"""A real vLLM, one in a process, and what transformers would sample beside it."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from rftlab.errors import BadInputError
from rftlab.rollouts import EngineConfig, Rollout, Sampling
from rftlab.rollouts.transformers_engine import TransformersEngine
from training import (
    ARCHITECTURES,
    END,
    PAD,
    policy,
    prompts,
)

CONFIG = EngineConfig("vllm", rows=64, cache_gib=0.05)
GREEDY = Sampling(12, temperature=0.0)
SAMPLED = Sampling(12)
PROMPTS = prompts(40)
SEEDS = [2**62 + i for i in range(40)]  # as large as the study's own


def untied(architecture: str, *, seed: int = 0) -> Any:
    """As ``policy``, with an output layer of its own."""
    tied = policy(architecture, seed=seed)
    config = copy.deepcopy(tied.config)
    config.tie_word_embeddings = False
    model = type(tied)(config)
    model.load_state_dict(tied.state_dict())
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        model.lm_head.weight.copy_(torch.randn(model.lm_head.weight.shape, generator=generator) * 0.2)
    assert model.lm_head.weight is not model.get_input_embeddings().weight
    return model.eval()


def save(model: Any, folder: Path) -> Path:
    """Write a model's directory, with a generation configuration that would change every rollout."""
    trap = {"do_sample": True, "repetition_penalty": 1.3, "top_k": 5, "top_p": 0.5, "temperature": 0.7}
    model.save_pretrained(folder)
    document = {**trap, "max_new_tokens": 3, "eos_token_id": [5, 6, 7]}
    (folder / "generation_config.json").write_text(json.dumps(document))
    return folder


class OneVllm:
    """vLLM runs once in a process: an engine of another kind takes the place of the one before."""

    def __init__(self, folders: pytest.TempPathFactory) -> None:
        self.folders, self.kind, self.engine = folders, None, None

    def __call__(self, model: Any, config: EngineConfig = CONFIG, ends: tuple[int, ...] = (END,)) -> Any:
        """An engine that samples from ``model``."""
        kind = (type(model), model.config.tie_word_embeddings, model.config.hidden_size, config, ends)
        if kind == self.kind:
            self.engine.sync(model)
            return self.engine
        from rftlab.rollouts.vllm_engine import VllmEngine

        self.close()
        self.engine = VllmEngine(model, config, folder=save(model, self.folders.mktemp("model")), end_tokens=ends)
        self.kind = kind
        return self.engine

    def close(self) -> None:
        if self.kind is not None:
            self.engine.close()
        self.kind = self.engine = None


def expected(
    model: Any,
    sampling: Sampling,
    asked: Sequence[Sequence[int]] = PROMPTS,
    seeds: Sequence[int] = SEEDS,
    ends: Sequence[int] = (END,),
) -> list[Rollout]:
    """What transformers samples."""
    return TransformersEngine(model, end_tokens=ends, pad_token=PAD).generate(asked, sampling, seeds)


def assert_same(rollouts: Sequence[Rollout], others: Sequence[Rollout]) -> None:
    """Tokens exactly, log-probabilities up to rounding."""
    for rollout, other in zip(rollouts, others, strict=True):
        assert (rollout.prompt, rollout.tokens, rollout.truncated) == (other.prompt, other.tokens, other.truncated)
        assert rollout.logprobs == pytest.approx(other.logprobs, abs=1e-5)


every_kind = pytest.mark.parametrize(
    ("architecture", "make"),
    [(architecture, make) for architecture in ARCHITECTURES for make in (policy, untied)],
    ids=lambda value: value if isinstance(value, str) else {policy: "tied", untied: "untied"}[value],
)


def refusal(vllm: OneVllm, model: Any, config: EngineConfig = CONFIG) -> str:
    """The one line with which an engine is refused."""
    with pytest.raises(BadInputError) as error:
        vllm(model, config)
    line = str(error.value)
    assert line.isprintable()
    return line
