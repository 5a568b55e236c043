"""How rollouts are run through a model for training: in micro-batches, at some precision, kept or recomputed."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel
from transformers.modeling_layers import GradientCheckpointingLayer

from rftlab.rollouts import Rollout
from rftlab.training.logprobs import (
    dense_batches,
    micro_batches,
    of_token_and_entropy,
    response_logprobs,
    response_values,
    wastes_little,
)


@dataclass(frozen=True)
class Batch:
    """Some rollouts of a round that are run together, and where they stand in it."""

    indices: list[int]
    rollouts: list[Rollout]
    aligned: bool


@dataclass(frozen=True)
class Passes:
    """How rollouts are run through a model; what they were sampled at, and settings of the study that change rounding.

    Args:
        pad_token: id that fills up shorter rows.
        temperature: of the sampling.
        token_budget: tokens per micro-batch, padding included.
        autocast: what matrices are multiplied in; None: the weights' own float32.
        compiled: whether the model's body is compiled by ``torch.compile``.
    """

    pad_token: int
    temperature: float
    token_budget: int
    autocast: torch.dtype | None = None
    compiled: bool = False

    def batches(self, rollouts: Sequence[Rollout]) -> list[Batch]:
        """Micro-batches: aligned ones, as long as these have little padding."""
        groups = micro_batches(rollouts, self.token_budget)
        aligned = wastes_little(rollouts, groups)
        if not aligned:
            groups = dense_batches(rollouts, self.token_budget)
        return [Batch(group, [rollouts[i] for i in group], aligned) for group in groups]

    def logprobs(self, model: PreTrainedModel, batch: Batch) -> tuple[Tensor, Tensor]:
        """logprobs_NT and mask_NT of a micro-batch; see :func:`rftlab.training.logprobs.response_logprobs`."""
        return self._through(model, batch, response_logprobs)

    def logprobs_and_entropies(self, model: PreTrainedModel, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """logprobs_NT, mask_NT and, in nats, entropies_NT of a micro-batch."""
        values_NT2, mask_NT = self._through(model, batch, partial(response_values, read=of_token_and_entropy))
        return values_NT2[:, :, 0], mask_NT, values_NT2[:, :, 1]

    def _through(
        self, model: PreTrainedModel, batch: Batch, run: Callable[..., tuple[Tensor, Tensor]]
    ) -> tuple[Tensor, Tensor]:
        lower = torch.autocast(model.device.type, self.autocast, enabled=self.autocast is not None)
        with lower, recomputing(model):
            return run(
                model,
                batch.rollouts,
                pad_token=self.pad_token,
                temperature=self.temperature,
                aligned=batch.aligned,
                body=compiled_body(model) if self.compiled else None,
            )


@functools.cache
def compiled_body(model: PreTrainedModel) -> Any:
    """The model's body as ``torch.compile`` makes it for rows of any length; the model itself stays as it is."""
    return torch.compile(model.base_model, dynamic=True)


@contextmanager
def recomputing(model: PreTrainedModel) -> Iterator[None]:
    """Where gradient checkpointing is on, make it act: transformers has it act on layers in training mode alone.

    Only the layers' own flag is set; what they consist of stays in evaluation mode, without dropout.
    """
    layers = [
        module
        for module in model.modules()
        if isinstance(module, GradientCheckpointingLayer) and module.gradient_checkpointing
    ]
    for layer in layers:
        layer.training = torch.is_grad_enabled()
    try:
        yield
    finally:
        for layer in layers:
            layer.training = False
