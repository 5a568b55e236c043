"""Weights from the trainer to a vLLM that lives in the same process: tensors are handed over as they are.

Registered with vLLM's own factory as the backend ``inproc``, it serves on a CPU and on a GPU alike: nothing is
serialised, and no CUDA IPC handle is opened, which a process cannot do with its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from torch import Tensor
from vllm.distributed.weight_transfer.base import (
    WeightTransferEngine,
    WeightTransferInitInfo,
    WeightTransferUpdateInfo,
)
from vllm.distributed.weight_transfer.factory import WeightTransferEngineFactory
from vllm.model_executor.layers.utils import dispatch_cpu_unquantized_gemm
from vllm.model_executor.model_loader.reload import finalize_layerwise_reload, initialize_layerwise_reload
from vllm.platforms import current_platform

BACKEND = "inproc"


@dataclass
class InprocInitInfo(WeightTransferInitInfo):  # type: ignore[misc]
    """Nothing has to be agreed on."""


@dataclass
class InprocUpdateInfo(WeightTransferUpdateInfo):  # type: ignore[misc]
    """Names as Hugging Face has them, and the tensors themselves."""

    named_tensors: Iterable[tuple[str, Tensor]]


class InprocWeightTransfer(WeightTransferEngine):  # type: ignore[misc]
    """Loads every weight of vLLM's model anew, layer by layer, into the memory it already has."""

    init_info_cls = InprocInitInfo
    update_info_cls = InprocUpdateInfo

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.expected = {name for name, _ in self.model.named_parameters()}

    def init_transfer_engine(self, init_info: InprocInitInfo) -> None:
        """There is nobody to meet."""

    def start_weight_update(self) -> None:
        """Let every layer wait for its weights."""
        initialize_layerwise_reload(self.model)

    def receive_weights(self, update_info: InprocUpdateInfo) -> None:
        """Load all weights.

        Raises:
            RuntimeError: some were not among them; vLLM would sample with the old ones, in silence.
        """
        loaded = self.model.load_weights(iter(update_info.named_tensors))
        if missing := sorted(self.expected - loaded):
            raise RuntimeError(f"no new weights for {', '.join(missing)}")

    def finish_weight_update(self) -> None:
        """Put the weights into the form the kernels take.

        On a CPU the output layer of tied embeddings keeps a packed copy of the old ones: it is packed anew.
        """
        finalize_layerwise_reload(self.model, self.model_config)
        if current_platform.is_cpu():
            dispatch_cpu_unquantized_gemm(self.model.lm_head, remove_weight=False)

    def shutdown(self) -> None:
        """There is nothing to release."""


WeightTransferEngineFactory.register_engine(BACKEND, InprocWeightTransfer)
