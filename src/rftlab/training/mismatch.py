"""How far the sampler's log-probabilities are from the trainer's, and how far the policy is from its base model."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import PreTrainedModel

from rftlab.rollouts import Rollout
from rftlab.training.logprobs import sampler_logprobs
from rftlab.training.passes import Passes


class Mismatch:
    """Differences log π_train − log π_sampler of the tokens of a round, micro-batch by micro-batch.

    They are rounding where both are one model at one precision, and more where the sampler has a copy of its own.
    A ``top_p`` below 1 adds its share: the sampler's probabilities are those of the tokens left.
    """

    def __init__(self) -> None:
        self.tokens: list[Tensor] = []
        self.log_weights: list[Tensor] = []

    def add(self, logprobs_NT: Tensor, sampler_NT: Tensor, mask_NT: Tensor) -> None:
        """Add the tokens of a micro-batch, padding left out."""
        difference_NT = (logprobs_NT.detach() - sampler_NT).double()
        self.tokens.append(difference_NT[mask_NT])
        self.log_weights.append((difference_NT * mask_NT).sum(dim=1))

    def metrics(self, rollouts: str) -> dict[str, float]:
        """Mean and maximum of |log π_train − log π_sampler| over tokens, and the share of the rollouts that is left.

        That is the effective sample size (Σw)² / Σw² of their importance weights w = π_train/π_sampler, over their
        number: 1 without any mismatch, 1/N where a single rollout has all the weight. ``rollouts`` says in the names
        which rollouts these are. There are no metrics of no rollouts.
        """
        if not self.tokens:
            return {}
        size = torch.cat(self.tokens).abs()
        shares_N = torch.cat(self.log_weights).softmax(dim=0)
        effective = 1.0 / (shares_N.square().sum() * len(shares_N))
        values = {"mean": size.mean(), "max": size.max(), "effective_share": effective}
        return {f"mismatch_{rollouts}_{name}": value.item() for name, value in values.items()}


@torch.no_grad()
def diagnose(
    policy: PreTrainedModel, base: PreTrainedModel, rollouts: Sequence[Rollout], passes: Passes
) -> dict[str, float]:
    """``kl_base``, KL(policy ‖ base) per response token, and the sampler's mismatch, both over ``rollouts``.

    The KL is estimated on rollouts of the policy, as the mean over all response tokens of exp(d) − d − 1 with
    d = log π_base − log π: never negative and unbiased (the k3 estimator, J. Schulman, "Approximating KL Divergence",
    2020). Both are taken at the sampling temperature; rollouts cut by top_p are not the policy's, and the estimate is
    biased.
    """
    total, tokens, mismatch = 0.0, 0, Mismatch()
    for batch in passes.batches(rollouts):
        policy_NT, mask_NT = passes.logprobs(policy, batch)
        base_NT, _ = passes.logprobs(base, batch)
        difference_NT = (base_NT - policy_NT).double()
        total += float(((difference_NT.expm1() - difference_NT) * mask_NT).sum())
        tokens += int(mask_NT.sum())
        mismatch.add(policy_NT, sampler_logprobs(batch.rollouts, policy.device), mask_NT)
    return {"kl_base": total / tokens, **mismatch.metrics("all")}
