import math

import pytest
import torch

from rftlab.objectives.ratio.truncated import policy_loss
from tokens import assert_finite_where_ratios_overflow, assert_masked, assert_none_at_ratio_one, loss_and_gradient


def test_every_token_has_its_own_weight():
    losses, gradients = loss_and_gradient(policy_loss, [0.5, 1.0, 3.0], 2.0)
    assert losses == pytest.approx([1.0, 2.0, 4.0])  # log π is −1: −A·w·(−1), w = 0.5, 1, min(3, 2)
    assert gradients == pytest.approx([-1.0, -2.0, -4.0])


def test_or_all_tokens_of_a_response_have_one():
    losses, gradients = loss_and_gradient(policy_loss, [0.5, 1.0, 3.0], 2.0, sequence=True)
    assert losses == pytest.approx([3.0] * 3)  # Π = 1.5
    assert gradients == pytest.approx([-3.0] * 3)
    assert loss_and_gradient(policy_loss, [2.0, 3.0], 1.0, sequence=True)[0] == pytest.approx([2.0] * 2)


def test_whole_responses_give_the_trainers_own_gradient():
    """The sampler draws from q, the trainer is p: Σ_a q(a)·min(p/q, cap)·A(a)·∇log p(a) = Σ_a p(a)·A(a)·∇log p(a)."""
    logits_V = torch.tensor([0.3, -0.2, 0.5], dtype=torch.float64, requires_grad=True)
    sampler_V = torch.tensor([0.1, 0.4, 0.2], dtype=torch.float64).log_softmax(0)
    rewards_V = torch.tensor([1.0, 0.0, -0.5], dtype=torch.float64)
    mask_V1 = torch.ones(3, 1, dtype=torch.bool)

    def gradient(cap: float) -> torch.Tensor:
        logprobs_V = logits_V.log_softmax(0)
        losses_V1 = policy_loss(logprobs_V[:, None], sampler_V[:, None], mask_V1, rewards_V, cap=cap)
        return torch.autograd.grad((sampler_V.exp()[:, None] * losses_V1).sum(), logits_V)[0]

    exact = torch.autograd.grad(-(logits_V.softmax(0) * rewards_V).sum(), logits_V)[0]
    torch.testing.assert_close(gradient(math.inf), exact)
    assert not torch.allclose(gradient(0.9), exact)


@pytest.mark.parametrize("sequence", [False, True])
def test_what_all_ratios_do(sequence):
    assert_none_at_ratio_one(policy_loss, sequence=sequence)
    assert_masked(policy_loss, sequence=sequence)
    assert_finite_where_ratios_overflow(policy_loss, 1.0, sequence=sequence)


def test_an_impossible_cap_is_refused():
    with pytest.raises(ValueError, match="truncated needs cap > 0"):
        loss_and_gradient(policy_loss, [1.0], 1.0, cap=-1.0)
