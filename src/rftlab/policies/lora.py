"""LoRA: low-rank changes of some matrices are trained in place of all weights; checkpoints have them added in.

Source: arXiv 2106.09685, as peft implements it. peft is imported where a run asks for it, and nowhere else.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from transformers import PreTrainedModel

from rftlab.errors import BadInputError
from rftlab.randomness import stable_hash


@dataclass(frozen=True)
class LoraConfig:
    """W + (alpha / rank)·B·A with B = 0 at first; ``rank`` 0 trains all weights instead."""

    rank: int
    alpha: int
    targets: list[str]

    def adapt(self, policy: PreTrainedModel, random_seed: int) -> PreTrainedModel:
        """Freeze a policy and give it matrices A and B, in place; A's numbers follow from the seed.

        Raises:
            BadInputError: no module has one of the names in ``targets``.
        """
        import peft

        for name in self.targets:
            if not any(module.rpartition(".")[2] == name for module, _ in policy.named_modules()):
                raise BadInputError(f"lora.targets: no module of a {policy.config.model_type} model is named {name!r}")
        config = peft.LoraConfig(r=self.rank, lora_alpha=self.alpha, target_modules=self.targets, lora_dropout=0.0)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(stable_hash("lora", random_seed))
            peft.inject_adapter_in_model(config, policy)
        return policy.eval()


def merged(policy: PreTrainedModel) -> PreTrainedModel:
    """An ordinary model with a policy's weights: itself where it has no adapters, else a copy that has them added in.

    This, not the policy, is what is saved, and what a sampler with a copy of its own is given.
    """
    if not getattr(policy, "peft_config", None):
        return policy
    from peft.tuners.tuners_utils import BaseTunerLayer

    model = copy.deepcopy(policy)
    adapted = [(name, layer) for name, layer in model.named_modules() if isinstance(layer, BaseTunerLayer)]
    for name, layer in adapted:
        layer.merge()
        model.set_submodule(name, layer.get_base_layer())
    del model.peft_config
    return model
