import torch
from torch.testing import assert_close

from rftlab.objectives.ratio.none import policy_loss

MASK_NT = torch.tensor([[True, True, False], [True, False, False]])


def test_is_minus_advantage_times_log_probability():
    logprobs_NT = torch.tensor([[-1.0, -2.0, -3.0], [-4.0, -5.0, -6.0]])
    loss_NT = policy_loss(logprobs_NT, torch.zeros(2, 3), MASK_NT, torch.tensor([1.5, -0.5]))
    assert_close(loss_NT, torch.tensor([[1.5, 3.0, 0.0], [-2.0, 0.0, 0.0]]), rtol=0, atol=0)


def test_masked_positions_are_zero_in_value_and_gradient_even_where_they_are_infinite():
    logprobs_NT = torch.tensor([[-1.0, -2.0, -torch.inf], [-4.0, torch.nan, -torch.inf]], requires_grad=True)
    loss_NT = policy_loss(logprobs_NT, logprobs_NT.detach(), MASK_NT, torch.tensor([1.5, -0.5]))
    (gradient_NT,) = torch.autograd.grad(loss_NT.sum(), logprobs_NT)
    assert_close(loss_NT[~MASK_NT], torch.zeros(3), rtol=0, atol=0)
    assert_close(gradient_NT, torch.tensor([[-1.5, -1.5, 0.0], [0.5, 0.0, 0.0]]), rtol=0, atol=0)
