import math

import pytest
import torch
from torch.testing import assert_close

from enumeration import divergence, divergence_gradient, expected_gradient, expected_value
from rftlab.objectives.kl.k3 import penalty


def test_value():
    # π_ref/π is 1/2 and then 2: 1/2 + log 2 − 1 and 2 − log 2 − 1
    logprobs = torch.tensor([[math.log(0.5), math.log(0.25)]], dtype=torch.float64)
    reference = torch.tensor([[math.log(0.25), math.log(0.5)]], dtype=torch.float64)
    expected = torch.tensor([[math.log(2) - 0.5, 1 - math.log(2)]], dtype=torch.float64)
    assert_close(penalty(logprobs, reference), expected)


def test_value_is_unbiased():
    assert_close(expected_value(penalty), divergence())


def test_gradient_in_the_loss_is_that_of_the_divergence_the_other_way_round():
    gradient = expected_gradient(penalty)
    assert_close(gradient, divergence_gradient(reverse=False))
    assert (gradient - divergence_gradient(reverse=True)).abs().max() > 0.01


@pytest.mark.parametrize("delta", [1e-2, 1e-3, 1e-4, -1e-4])
def test_keeps_its_digits_near_the_base_model_in_float32(delta):
    # δ²/2 + δ³/6; exp(δ) − 1 − δ in float32 is wrong by 200% at 1e-4
    value = penalty(torch.zeros(1), torch.tensor([delta])).item()
    assert value == pytest.approx(delta**2 / 2 + delta**3 / 6, rel=5e-3)


def test_times_the_ratio_its_gradient_at_the_old_policy_is_k2s() -> None:
    """As TRL 1.16 has it by default: ∇(k3·π/π_old) = (k3 + 1 − π_ref/π)·∇log π = d·∇log π where π = π_old."""
    old = torch.tensor([[-0.3, -1.7, -4.0]], dtype=torch.float64)
    reference = torch.tensor([[-0.8, -1.2, -3.9]], dtype=torch.float64)
    logprobs = old.clone().requires_grad_()
    (penalty(logprobs, reference) * torch.exp(logprobs - old)).sum().backward()
    assert_close(logprobs.grad, old - reference)
