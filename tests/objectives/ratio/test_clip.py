import pytest
import torch
from torch.testing import assert_close

from rftlab.objectives.ratio import none
from rftlab.objectives.ratio.clip import policy_loss


def loss_and_gradient(ratio: float, advantage: float, **epsilons: float) -> tuple[float, float]:
    """Loss of one token, and its derivative by log π, at the given ratio."""
    logprob = torch.tensor([[-1.0]], dtype=torch.float64, requires_grad=True)
    old = logprob.detach() - torch.tensor(ratio, dtype=torch.float64).log()
    mask = torch.ones(1, 1, dtype=torch.bool)
    loss = policy_loss(logprob, old, mask, torch.tensor([advantage], dtype=torch.float64), **epsilons)
    (gradient,) = torch.autograd.grad(loss.sum(), logprob)
    return loss.item(), gradient.item()


@pytest.mark.parametrize(
    ("ratio", "advantage", "loss", "gradient"),
    [
        (1.1, 2.0, -2.2, -2.2),  # inside: −ρA, and d(−ρA)/dlog π = −ρA
        (1.5, 2.0, -2.4, 0.0),  # moved far enough the right way: −1.2·2, no gradient
        (0.5, 2.0, -1.0, -1.0),  # moved the wrong way: −0.5·2, pulled back
        (0.5, -2.0, 1.6, 0.0),  # moved far enough the right way: 0.8·2
        (1.5, -2.0, 3.0, 3.0),  # moved the wrong way: 1.5·2, no dual clip
        (50.0, -2.0, 100.0, 100.0),
        (1.5, 0.0, 0.0, 0.0),
    ],
)
def test_one_token(ratio, advantage, loss, gradient):
    assert loss_and_gradient(ratio, advantage) == pytest.approx((loss, gradient), rel=1e-12, abs=0)


def test_clip_higher_leaves_room_upwards_only():
    assert loss_and_gradient(1.25, 1.0, epsilon_high=0.28) == pytest.approx((-1.25, -1.25))
    assert loss_and_gradient(1.25, 1.0) == pytest.approx((-1.2, 0.0))
    assert loss_and_gradient(0.75, -1.0, epsilon_low=0.3) == pytest.approx((0.75, 0.75))
    assert loss_and_gradient(0.75, -1.0, epsilon_high=0.3) == pytest.approx((0.8, 0.0))


def test_at_ratio_one_the_gradient_is_that_of_none():
    generator = torch.Generator().manual_seed(0)
    logprobs_NT = -torch.rand(4, 5, generator=generator, dtype=torch.float64)
    logprobs_NT.requires_grad_()
    mask_NT = torch.rand(4, 5, generator=generator) < 0.7
    advantages_N = torch.tensor([1.5, -0.5, 0.0, 1.0], dtype=torch.float64)
    gradients = [
        torch.autograd.grad(loss(logprobs_NT, logprobs_NT.detach(), mask_NT, advantages_N).sum(), logprobs_NT)[0]
        for loss in (policy_loss, none.policy_loss)
    ]
    assert gradients[0].abs().sum() > 0
    assert_close(gradients[0], gradients[1], rtol=0, atol=0)


@pytest.mark.parametrize("advantage", [2.0, -2.0])
def test_masked_positions_are_zero_in_value_and_gradient_even_where_they_are_infinite(advantage):
    mask_NT = torch.tensor([[True, False, False, False]])
    logprobs_NT = torch.tensor([[-1.0, -torch.inf, torch.nan, 0.0]], requires_grad=True)
    old_NT = torch.tensor([[-1.0, -1.0, -1.0, -torch.inf]])
    loss_NT = policy_loss(logprobs_NT, old_NT, mask_NT, torch.tensor([advantage]))
    (gradient_NT,) = torch.autograd.grad(loss_NT.sum(), logprobs_NT)
    assert_close(loss_NT.detach(), torch.tensor([[-advantage, 0.0, 0.0, 0.0]]), rtol=0, atol=0)
    assert_close(gradient_NT, torch.tensor([[-advantage, 0.0, 0.0, 0.0]]), rtol=0, atol=0)


def test_a_ratio_that_overflows_is_clipped_and_leaves_a_finite_gradient():
    logprobs_NT = torch.tensor([[-0.1]], requires_grad=True)  # exp(99.9) is inf in float32
    mask_NT = torch.ones(1, 1, dtype=torch.bool)
    loss_NT = policy_loss(logprobs_NT, torch.tensor([[-100.0]]), mask_NT, torch.tensor([1.0]))
    (gradient_NT,) = torch.autograd.grad(loss_NT.sum(), logprobs_NT)
    assert_close(loss_NT.detach(), torch.tensor([[-1.2]]))
    assert gradient_NT.item() == 0.0


@pytest.mark.parametrize("epsilons", [{"epsilon_low": 1.0}, {"epsilon_low": -0.1}, {"epsilon_high": -0.1}])
def test_impossible_bounds_are_refused(epsilons):
    with pytest.raises(ValueError, match="epsilon_low"):
        loss_and_gradient(1.0, 1.0, **epsilons)
