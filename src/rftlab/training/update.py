"""The update rule. How it differs from GRPO, in the baseline configuration:

1. One rollout per query is enough: a round is a batch of 32 queries with one rollout each, a contextual bandit's round.
2. The advantage is the reward itself. Nothing is subtracted and nothing is divided by a standard deviation.
3. One step per round, on the rollouts just sampled: the importance ratio is 1, none to clip (minibatches.py: several).
4. No KL penalty and no reference model (a level can add one).
5. The loss is normalised once over the whole round, Σ_i w_i Σ_t ℓ_it: micro-batches add up to the same gradient.
6. A rollout whose advantage or weight is zero is not run through the model, unless it has a loss without an advantage;
   its tokens still count in the weights w.
   A round without any signal still takes the step that zero gradients give: momentum and weight decay go on.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedModel

from rftlab.rollouts import Rollout
from rftlab.training.clipping import Clipping
from rftlab.training.logprobs import sampler_logprobs
from rftlab.training.mismatch import Mismatch
from rftlab.training.objective import Objective
from rftlab.training.passes import Passes


class DivergedError(RuntimeError):
    """The loss or the gradient is not finite; no step was taken."""


def update(
    policy: PreTrainedModel,
    optimizer: torch.optim.Optimizer,
    rollouts: Sequence[Rollout],
    advantages_N: NDArray[np.float64],
    weights_N: NDArray[np.float64],
    objective: Objective,
    passes: Passes,
    *,
    max_gradient_norm: float,
) -> dict[str, float]:
    """Take one optimizer step on trained rollouts of a round; return its loss, its gradient norm before clipping,
    what the ratio's bounds held back and the sampler's mismatch.

    Raises:
        DivergedError: loss or gradient is not finite.
    """
    weights = [parameter for parameter in policy.parameters() if parameter.requires_grad]
    for weight in weights:
        weight.grad = torch.zeros_like(weight)
    active = [i for i in range(len(rollouts)) if weights_N[i] and (advantages_N[i] or objective.of_all)]
    total, mismatch, clipping, trained = 0.0, Mismatch(), Clipping(), [rollouts[i] for i in active]
    chosen_tokens = objective.tokens(policy, trained, advantages_N[active], passes)
    for batch in passes.batches(trained):
        chosen = [active[j] for j in batch.indices]
        logprobs_NT, mask_NT, terms_NT = objective.forward(policy, batch, passes)
        sampler_NT = sampler_logprobs(batch.rollouts, policy.device)
        old_NT, advantages = objective.old(logprobs_NT, sampler_NT), logprobs_NT.new_tensor(advantages_N[chosen])
        loss_NT = objective.policy_loss(logprobs_NT, old_NT, mask_NT, advantages)
        clipping.add(objective.policy_loss, logprobs_NT, old_NT, mask_NT, advantages)
        loss_NT = chosen_tokens.of(loss_NT, logprobs_NT - old_NT, batch.indices) + terms_NT
        loss = (logprobs_NT.new_tensor(weights_N[chosen]) * (loss_NT * mask_NT).sum(dim=1)).sum()
        torch.autograd.backward(loss)
        total += loss.item()
        mismatch.add(logprobs_NT, sampler_NT, mask_NT)
    norm = torch.nn.utils.clip_grad_norm_(weights, max_gradient_norm).item()
    if not np.isfinite([total, norm]).all():
        raise DivergedError(f"loss {total}, gradient norm {norm}")
    optimizer.step()
    return {
        "loss": total,
        "gradient_norm": norm,
        "trained_rollouts": len(active),
        **chosen_tokens.metrics,
        **clipping.metrics,
        **mismatch.metrics("trained"),
    }
